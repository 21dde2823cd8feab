/* SPDX-License-Identifier: MIT */
#include "recipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/launch.h"
#include "abi/snp.h"
#include "text.h"
#include "util.h"

#define VMSA_REGION_END UINT64_MAX /* until the region is known */

enum kind { KIND_TEXT, KIND_NUMBER, KIND_VMSA, KIND_USE };

#define NUMBER(key, field, max) { key, KIND_NUMBER, offsetof(struct recipe, field), max }
#define USE(key, field) { key, KIND_USE, offsetof(struct recipe, field), 0 }

static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t max;
} keys[] = {
	{ "summary", KIND_TEXT, offsetof(struct recipe, summary), 0 },
	NUMBER("platform-mask", platform_mask, UINT32_MAX),
	NUMBER("highest-vtl", highest_vtl, 3),
	NUMBER("shared-gpa-boundary", shared_gpa_boundary, UINT64_MAX),
	NUMBER("guest-policy", policy, UINT64_MAX),
	NUMBER("region", region_gpa, UINT64_MAX),
	{ "vmsa", KIND_VMSA, offsetof(struct recipe, vmsa_gpa), 0 },
	NUMBER("sev-features", sev_features, UINT64_MAX),
	NUMBER("cr0", cr0, UINT32_MAX),
	NUMBER("cr4", cr4, UINT32_MAX),
	NUMBER("efer", efer, UINT32_MAX),
	NUMBER("dr6", dr6, UINT32_MAX),
	NUMBER("dr7", dr7, UINT32_MAX),
	NUMBER("g-pat", g_pat, UINT64_MAX),
	NUMBER("xcr0", xcr0, UINT64_MAX),
	NUMBER("mxcsr", mxcsr, UINT32_MAX),
	NUMBER("x87-fcw", x87_fcw, UINT16_MAX),
	NUMBER("x87-ftw", x87_ftw, UINT16_MAX),
	USE("required-memory", required_memory),
	USE("vp-count", vp_count),
	USE("environment-info", environment_info),
	USE("memory-map", memory_map),
	USE("madt", madt),
};

static size_t find_key(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(keys) && strcmp(keys[i].name, name) != 0)
		i++;
	return i;
}

static const char *set_use(enum directive_use *use, const char *value)
{
	static const char *const names[] = { "absent", "optional", "required" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) == 0) {
			*use = (enum directive_use)i;
			return NULL;
		}
	}
	return "must be required, optional or absent";
}

static const char *set_number(uint64_t *number, const char *value, uint64_t max)
{
	return parse_number(value, max, number) == 0 ? NULL : "is no number, or one that does not fit";
}

static const char *set_key(struct recipe *recipe, const struct key *key, const char *value)
{
	void *field = (uint8_t *)recipe + key->offset;

	switch (key->kind) {
	case KIND_TEXT:
		if (strlen(value) >= RECIPE_SUMMARY_SIZE || value[0] == '\0')
			return "must have 1 to 127 bytes";
		memcpy(field, value, strlen(value) + 1);
		return NULL;
	case KIND_USE:
		return set_use(field, value);
	case KIND_VMSA:
		if (strcmp(value, "region-end") == 0) {
			recipe->vmsa_gpa = VMSA_REGION_END;
			return NULL;
		}
		return set_number(field, value, UINT64_MAX - PAGE_MASK);
	default:
		return set_number(field, value, key->max);
	}
}

static const char *place_region(struct recipe *recipe)
{
	if (!is_aligned(recipe->region_gpa, PAGE_SIZE_2M))
		return "region must be a multiple of 2 MiB";
	if (!range_within(recipe->region_gpa, MONITOR_SIZE, LAUNCH_REGION_FIRST, LAUNCH_REGION_END))
		return "region must lie, with its 16 MiB, between 0x200000 and the interrupt controllers at 0xfec00000";
	if (recipe->vmsa_gpa == VMSA_REGION_END)
		recipe->vmsa_gpa = recipe->region_gpa + MONITOR_SIZE - PAGE_SIZE;
	if (!is_aligned(recipe->vmsa_gpa, PAGE_SIZE))
		return "vmsa must be the address of a page";
	if (range_within(recipe->vmsa_gpa, PAGE_SIZE, recipe->region_gpa,
			 recipe->region_gpa + MONITOR_SIZE - PAGE_SIZE))
		return "vmsa lies inside the monitor's region; only its last page (region-end) may be taken";
	return NULL;
}

/* What a single key does not show. */
static const char *check_whole(struct recipe *recipe)
{
	if (recipe->platform_mask == 0 || (recipe->platform_mask & (recipe->platform_mask - 1)) != 0)
		return "platform-mask must have one bit";
	if ((recipe->policy & SNP_POLICY_MUST_BE_ONE) == 0)
		return "bit 17 of guest-policy must be set";
	if ((recipe->sev_features & SEV_FEATURE_SNP_ACTIVE) == 0)
		return "bit 0 of sev-features must be set";
	if ((recipe->sev_features & SEV_FEATURE_VTOM) != 0 || recipe->shared_gpa_boundary != 0)
		return "the monitor does not work with a virtual top of memory";
	if (recipe->memory_map != DIRECTIVE_REQUIRED)
		return "memory-map must be required: the monitor cannot do without";
	return place_region(recipe);
}

int recipe_parse(struct recipe *recipe, const char *text, size_t size, struct recipe_error *error)
{
	bool seen[ARRAY_SIZE(keys)] = { false };
	struct text_reader reader;
	struct text_line line;

	text_begin(&reader, text, size);
	while (text_next(&reader, &line)) {
		size_t index = line.error == NULL ? find_key(line.key) : 0;

		error->line = line.number;
		error->text = line.error;
		if (error->text == NULL && index == ARRAY_SIZE(keys))
			error->text = "is no key of a recipe";
		if (error->text == NULL && seen[index])
			error->text = "names a key for the second time";
		if (error->text == NULL)
			error->text = set_key(recipe, &keys[index], line.value);
		if (error->text != NULL)
			return ERR_FORMAT;
		seen[index] = true;
	}
	error->line = 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!seen[i]) {
			error->text = keys[i].name;
			return ERR_NOT_FOUND;
		}
	}
	error->text = check_whole(recipe);
	return error->text == NULL ? 0 : ERR_FORMAT;
}

static void report_error(const char *name, int result, const struct recipe_error *error)
{
	if (result == ERR_NOT_FOUND)
		report("recipe %s: the key %s is missing", name, error->text);
	else if (error->line != 0)
		report("recipe %s, line %" PRIu32 ": %s", name, error->line, error->text);
	else
		report("recipe %s: %s", name, error->text);
}

/* ---- built in (recipes.S) ---- */

struct built_in {
	const char *name, *text, *end;
};
extern const struct built_in recipes_built_in[]; /* ends with a name of NULL */

#define BUILT_IN_MAX 8u

const struct recipe *recipe_at(unsigned index)
{
	static struct recipe recipes[BUILT_IN_MAX];
	const struct built_in *source = recipes_built_in;
	struct recipe_error error;
	struct recipe *recipe;
	int result;

	for (unsigned i = 0; i < index && source->name != NULL; i++)
		source++;
	if (source->name == NULL || index >= BUILT_IN_MAX)
		return NULL;
	recipe = &recipes[index];
	if (recipe->name[0] != '\0')
		return recipe;
	result = recipe_parse(recipe, source->text, (size_t)(source->end - source->text), &error);
	if (result != 0) {
		report_error(source->name, result, &error);
		exit(EXIT_FAILURE);
	}
	snprintf(recipe->name, sizeof(recipe->name), "%s", source->name);
	return recipe;
}

const struct recipe *recipe_find(const char *name)
{
	const struct recipe *recipe;

	for (unsigned i = 0; (recipe = recipe_at(i)) != NULL; i++) {
		if (strcmp(recipe->name, name) == 0)
			return recipe;
	}
	return NULL;
}

/* ---- from a file ---- */

static void take_name(struct recipe *recipe, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	size_t length = strcspn(base, ".");

	if (length >= sizeof(recipe->name))
		length = sizeof(recipe->name) - 1;
	memcpy(recipe->name, base, length);
	recipe->name[length] = '\0';
}

int recipe_read_file(struct recipe *recipe, const char *path)
{
	struct recipe_error error;
	struct blob file;
	int result;

	memset(recipe, 0, sizeof(*recipe));
	if (blob_read(&file, "recipe", path) != 0)
		return ERR_NOT_FOUND;
	result = recipe_parse(recipe, (const char *)file.data, file.size, &error);
	blob_free(&file);
	if (result != 0)
		report_error(path, result, &error);
	take_name(recipe, path);
	return result;
}
