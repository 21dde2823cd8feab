/* SPDX-License-Identifier: MIT */
/* The JSON writer: what it writes, and that wrong use gives nothing. */
#include "tests/unit/unit.h"
#include "tools/igvm/json.h"

#define CHECK_JSON(expected, ...) \
	do { \
		struct json json; \
		json_begin(&json); \
		__VA_ARGS__; \
		CHECK(json_finish(&json)); \
		CHECK_TEXT(json.text, expected); \
		json_free(&json); \
	} while (0)

#define CHECK_WRONG(...) \
	do { \
		struct json json; \
		json_begin(&json); \
		__VA_ARGS__; \
		CHECK(!json_finish(&json)); \
		json_free(&json); \
	} while (0)

TEST(documents)
{
	CHECK_JSON("{}\n", json_object(&json, NULL); json_object_end(&json));
	CHECK_JSON("[]\n", json_array(&json, NULL); json_array_end(&json));
	CHECK_JSON("7\n", json_number(&json, NULL, 7));
	CHECK_JSON("{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    \"0xff\"\n  ],\n  \"c\": \"00ff\"\n}\n", json_object(&json, NULL);
		   json_number(&json, "a", 1); json_array(&json, "b"); json_bool(&json, NULL, true); json_null(&json, NULL);
		   json_hex(&json, NULL, 255); json_array_end(&json); json_digest(&json, "c", (const uint8_t *)"\0\xFF", 2);
		   json_object_end(&json));
	CHECK_JSON("9007199254740992\n", json_number(&json, NULL, 1ull << 53));
}

TEST(texts_are_escaped)
{
	CHECK_JSON("\"a\\\"b\\\\c\\u000a\\u0001\\u007f/\"\n", json_string(&json, NULL, "a\"b\\c\n\001\x7F/"));
	CHECK_JSON("\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"\n", json_string(&json, NULL, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
	CHECK_JSON("\"ab\"\n", json_bytes_text(&json, NULL, "ab\0cd", 5));
	CHECK_JSON("\"ab\"\n", json_bytes_text(&json, NULL, "abcd", 2));
}

/* Stray and missing continuations, overlong forms, surrogates, beyond the last character. */
TEST(bad_utf8_is_replaced)
{
	static const char *const bad[] = { "\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
					   "\xF4\x90\x80\x80", "\xFF", "\xE2\x82" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct json json;
		size_t count = strlen(bad[i]);

		json_begin(&json);
		json_string(&json, NULL, bad[i]);
		CHECK(json_finish(&json));
		CHECK_EQ(json.size, 3 * count + 3);
		for (size_t j = 0; j < count && json.size == 3 * count + 3; j++)
			CHECK(memcmp(json.text + 1 + 3 * j, "\xEF\xBF\xBD", 3) == 0);
		json_free(&json);
	}
}

TEST(wrong_use_gives_nothing)
{
	CHECK_WRONG((void)0);
	CHECK_WRONG(json_object(&json, NULL));
	CHECK_WRONG(json_object(&json, NULL); json_array_end(&json));
	CHECK_WRONG(json_object_end(&json));
	CHECK_WRONG(json_number(&json, "a", 1));
	CHECK_WRONG(json_number(&json, NULL, 1); json_number(&json, NULL, 2));
	CHECK_WRONG(json_object(&json, NULL); json_number(&json, NULL, 1); json_object_end(&json));
	CHECK_WRONG(json_array(&json, NULL); json_number(&json, "a", 1); json_array_end(&json));
	CHECK_WRONG(json_number(&json, NULL, (1ull << 53) + 1));
	CHECK_WRONG(for (unsigned i = 0; i <= JSON_DEPTH_MAX; i++) json_array(&json, NULL);
		    for (unsigned i = 0; i <= JSON_DEPTH_MAX; i++) json_array_end(&json));
}

TEST(deep_documents)
{
	struct json json;

	json_begin(&json);
	for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
		json_array(&json, NULL);
	for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_end(&json);
	CHECK(json_finish(&json));
	json_free(&json);
}
