/* SPDX-License-Identifier: MIT */
/* Recipes: those that are built in, and bad ones. */
#include <stdlib.h>

#include "abi/launch.h"
#include "abi/snp.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"
#include "tools/igvm/recipe.h"

static char text[8192];

static bool load(void)
{
	FILE *file = fopen("tools/igvm/recipes/qemu.recipe", "r");
	size_t size = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[size] = '\0';
	return file != NULL && fclose(file) == 0 && size > 0;
}

/* Exchanges the line of a key; an empty line takes it out. */
static void change(const char *key, const char *line)
{
	char *at = strstr(text, key), *end, changed[sizeof(text)];

	while (at != NULL && at != text && at[-1] != '\n')
		at = strstr(at + 1, key);
	if (at == NULL)
		abort();
	end = strchr(at, '\n');
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, line, end);
	memcpy(text, changed, sizeof(text));
}

static int parse(struct recipe *recipe, struct recipe_error *error)
{
	memset(recipe, 0, sizeof(*recipe));
	return recipe_parse(recipe, text, strlen(text), error);
}

TEST(built_in)
{
	const struct recipe *qemu = recipe_find("qemu"), *hyper_v = recipe_find("hyper-v"), *vanadium = recipe_find("vanadium");

	REQUIRE(qemu != NULL && hyper_v != NULL && vanadium != NULL);
	CHECK(recipe_at(0) == qemu && recipe_at(3) == NULL && recipe_find("") == NULL);
	CHECK_EQ(qemu->vmsa_gpa, 0xFFFFFFFFF000);
	CHECK_EQ(qemu->dr7, 0x400);
	CHECK_EQ(qemu->madt, DIRECTIVE_OPTIONAL);
	CHECK_EQ(qemu->region_gpa, MONITOR_GPA);
	CHECK_EQ(hyper_v->region_gpa, 0x08000000);
	CHECK_EQ(hyper_v->vmsa_gpa, 0x08000000 + MONITOR_SIZE - 4096);
	CHECK_EQ(hyper_v->dr7, 0);
	CHECK_EQ(vanadium->g_pat, 0x70106);
	CHECK_EQ(vanadium->madt, DIRECTIVE_REQUIRED);
}

TEST(file_is_the_built_in_one)
{
	struct recipe_error error;
	struct recipe recipe;

	REQUIRE(load());
	REQUIRE(parse(&recipe, &error) == 0);
	memcpy(recipe.name, "qemu", 5);
	/* The structure was read or copied as a whole: its padding is equal, too. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
	CHECK(memcmp(&recipe, recipe_find("qemu"), sizeof(recipe)) == 0);
}

#define CHECK_CHANGED(key, line, expected_result) \
	do { \
		struct recipe_error error_ = { NULL, 0 }; \
		struct recipe recipe_; \
		REQUIRE(load()); \
		change(key, line); \
		CHECK_EQ(parse(&recipe_, &error_), expected_result); \
		CHECK(error_.text != NULL); \
	} while (0)

TEST(bad_recipes)
{
	static const char *const keys[] = { "summary", "platform-mask", "highest-vtl", "shared-gpa-boundary", "guest-policy",
					    "region", "vmsa", "sev-features", "cr0", "cr4", "efer", "dr6", "dr7", "g-pat", "xcr0",
					    "mxcsr", "x87-fcw", "x87-ftw", "required-memory", "vp-count",
					    "environment-info", "memory-map", "madt" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char twice[256];

		CHECK_CHANGED(keys[i], "", ERR_NOT_FOUND);
		snprintf(twice, sizeof(twice), "%s =", keys[i]);
		CHECK_CHANGED(keys[i], twice, ERR_FORMAT);
		snprintf(twice, sizeof(twice), "%s = %s\n%s = %s", keys[i], "required", keys[i], "required");
		CHECK_CHANGED(keys[i], twice, ERR_FORMAT);
	}
	CHECK_CHANGED("cr0", "cr0", ERR_FORMAT);
	CHECK_CHANGED("cr0", "cr9 = 1", ERR_FORMAT);
	CHECK_CHANGED("cr0", "cr0 = 0x100000000", ERR_FORMAT);
	CHECK_CHANGED("cr0", "cr0 = -1", ERR_FORMAT);
	CHECK_CHANGED("x87-fcw", "x87-fcw = 65536", ERR_FORMAT);
	CHECK_CHANGED("highest-vtl", "highest-vtl = 4", ERR_FORMAT);
	CHECK_CHANGED("platform-mask", "platform-mask = 0", ERR_FORMAT);
	CHECK_CHANGED("platform-mask", "platform-mask = 3", ERR_FORMAT);
	CHECK_CHANGED("guest-policy", "guest-policy = 0x10000", ERR_FORMAT);
	CHECK_CHANGED("vmsa", "vmsa = 0x1001", ERR_FORMAT);
	CHECK_CHANGED("vmsa", "vmsa = 0xfc000000", ERR_FORMAT);
	CHECK_CHANGED("vmsa", "vmsa = region-start", ERR_FORMAT);
	CHECK_CHANGED("vmsa", "vmsa = 0xffffffffffffffff", ERR_FORMAT);
	CHECK_CHANGED("region", "region = 0xfc001000", ERR_FORMAT);
	CHECK_CHANGED("region", "region = 0", ERR_FORMAT);
	CHECK_CHANGED("region", "region = 0xfde00000", ERR_FORMAT);
	CHECK_CHANGED("region", "region = 0x100000000", ERR_FORMAT);
	CHECK_CHANGED("region", "region = 0xffffffffffe00000", ERR_FORMAT);
	CHECK_CHANGED("sev-features", "sev-features = 0", ERR_FORMAT);
	CHECK_CHANGED("sev-features", "sev-features = 3", ERR_FORMAT);
	CHECK_CHANGED("shared-gpa-boundary", "shared-gpa-boundary = 0x400000000000", ERR_FORMAT);
	CHECK_CHANGED("memory-map", "memory-map = optional", ERR_FORMAT);
	CHECK_CHANGED("madt", "madt = maybe", ERR_FORMAT);
}

TEST(error_names_the_line)
{
	static const char bad[] = "summary = x\n\n# y\nhighest-vtl = many\n";
	struct recipe_error error;
	struct recipe recipe;

	CHECK_EQ(recipe_parse(&recipe, bad, sizeof(bad) - 1, &error), ERR_FORMAT);
	CHECK_EQ(error.line, 4);
	CHECK_EQ(recipe_parse(&recipe, "", 0, &error), ERR_NOT_FOUND);
	CHECK_TEXT(error.text, "summary");
}
