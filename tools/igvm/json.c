/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static void put(struct json *json, const char *text, size_t size)
{
	if (json->capacity - json->size < size + 1) {
		json->capacity = 2 * (json->capacity + size + 1);
		json->text = reallocate(json->text, json->capacity);
	}
	memcpy(json->text + json->size, text, size);
	json->size += size;
	json->text[json->size] = '\0';
}

static void put_text(struct json *json, const char *text)
{
	put(json, text, strlen(text));
}

static void indent(struct json *json)
{
	put(json, "\n", 1);
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ", 2);
}

/* Length of the UTF-8 character at text, 0 when there is none. */
static size_t utf8_length(const uint8_t *text, size_t size)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xC2 && text[0] <= 0xDF ? 2 : (text[0] & 0xF0) == 0xE0 ? 3 : 0;

	if (text[0] >= 0xF0 && text[0] <= 0xF4)
		length = 4;
	if (length == 0 || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and beyond U+10FFFF. */
	if (length == 3 && ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F)))
		return 0;
	if (length == 4 && ((text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F)))
		return 0;
	return length;
}

static void put_escaped(struct json *json, const char *value, size_t size)
{
	put(json, "\"", 1);
	for (size_t i = 0; i < size && value[i] != '\0';) {
		size_t length = utf8_length((const uint8_t *)value + i, size - i);
		char escape[16];

		if (length == 0) {
			put_text(json, REPLACEMENT);
		} else if (value[i] == '"' || value[i] == '\\') {
			put(json, "\\", 1);
			put(json, value + i, 1);
		} else if ((uint8_t)value[i] < 0x20 || value[i] == 0x7F) {
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)value[i]);
			put_text(json, escape);
		} else {
			put(json, value + i, length);
		}
		i += length == 0 ? 1 : length;
	}
	put(json, "\"", 1);
}

/* Comma, new line, key: what stands in front of every value. False when no value may stand here. */
static bool start_value(struct json *json, const char *key)
{
	bool array = json->depth == 0 || json->array[json->depth - 1];

	if (json->wrong || json->done || array != (key == NULL)) {
		json->wrong = true;
		return false;
	}
	if (json->depth == 0)
		return true;
	if (json->used[json->depth - 1])
		put(json, ",", 1);
	json->used[json->depth - 1] = true;
	indent(json);
	if (key != NULL) {
		put_escaped(json, key, strlen(key));
		put(json, ": ", 2);
	}
	return true;
}

static void end_value(struct json *json)
{
	json->done = json->depth == 0;
}

static void open(struct json *json, const char *key, bool array)
{
	if (!start_value(json, key))
		return;
	if (json->depth == JSON_DEPTH_MAX) {
		json->wrong = true;
		return;
	}
	put(json, array ? "[" : "{", 1);
	json->array[json->depth] = array;
	json->used[json->depth] = false;
	json->depth++;
}

static void close(struct json *json, bool array)
{
	if (json->wrong || json->depth == 0 || json->array[json->depth - 1] != array) {
		json->wrong = true;
		return;
	}
	json->depth--;
	if (json->used[json->depth])
		indent(json);
	put(json, array ? "]" : "}", 1);
	end_value(json);
}

void json_begin(struct json *json)
{
	memset(json, 0, sizeof(*json));
	put(json, "", 0);
}

bool json_finish(struct json *json)
{
	if (json->wrong || !json->done)
		return false;
	put(json, "\n", 1);
	return true;
}

void json_free(struct json *json)
{
	free(json->text);
	memset(json, 0, sizeof(*json));
}

void json_object(struct json *json, const char *key)
{
	open(json, key, false);
}

void json_object_end(struct json *json)
{
	close(json, false);
}

void json_array(struct json *json, const char *key)
{
	open(json, key, true);
}

void json_array_end(struct json *json)
{
	close(json, true);
}

static void put_plain(struct json *json, const char *key, const char *value)
{
	if (!start_value(json, key))
		return;
	put_text(json, value);
	end_value(json);
}

void json_bytes_text(struct json *json, const char *key, const char *value, size_t size)
{
	if (!start_value(json, key))
		return;
	put_escaped(json, value, size);
	end_value(json);
}

void json_string(struct json *json, const char *key, const char *value)
{
	json_bytes_text(json, key, value, strlen(value));
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (value > 1ull << 53)
		json->wrong = true;
	put_plain(json, key, text);
}

void json_hex(struct json *json, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "\"0x%" PRIx64 "\"", value);
	put_plain(json, key, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_plain(json, key, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	put_plain(json, key, "null");
}

void json_digest(struct json *json, const char *key, const uint8_t *data, size_t size)
{
	char *text = allocate(2 * size + 1);

	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	json_string(json, key, text);
	free(text);
}
