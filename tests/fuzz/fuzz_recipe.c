/* SPDX-License-Identifier: MIT */
/* Recipes: any text is refused with a reason, or gives values in their ranges. */
#include <stdlib.h>
#include <string.h>

#include "tools/igvm/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recipe_error error = { NULL, 0 };
	struct recipe recipe;

	memset(&recipe, 0, sizeof(recipe));
	if (recipe_parse(&recipe, (const char *)data, size, &error) != 0) {
		if (error.text == NULL)
			abort();
		return 0;
	}
	if (recipe.summary[0] == '\0' || strlen(recipe.summary) >= sizeof(recipe.summary) || recipe.highest_vtl > 3 ||
	    recipe.cr0 > UINT32_MAX || recipe.x87_fcw > UINT16_MAX || recipe.vmsa_gpa % 4096 != 0 ||
	    recipe.memory_map != DIRECTIVE_REQUIRED)
		abort();
	return 0;
}
