/* SPDX-License-Identifier: MIT */
/* Random calls of the JSON writer: what it calls complete is one well-formed document of valid UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "tools/igvm/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
	const char *at;
	unsigned depth;
};

static void expect(struct reader *reader, const char *text)
{
	if (strncmp(reader->at, text, strlen(text)) != 0)
		abort();
	reader->at += strlen(text);
}

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \n");
}

static void read_string(struct reader *reader)
{
	expect(reader, "\"");
	while (*reader->at != '"') {
		unsigned char c = (unsigned char)*reader->at++;

		if (c < 0x20 || c == 0x7F)
			abort();
		if (c == '\\') {
			c = (unsigned char)*reader->at++;
			if (c == 'u')
				reader->at += strspn(reader->at, "0123456789abcdef") >= 4 ? 4 : (abort(), 0);
			else if (c != '"' && c != '\\')
				abort();
		}
		for (unsigned more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0; more > 0; more--) {
			if (((unsigned char)*reader->at++ & 0xC0) != 0x80)
				abort();
		}
		if (c >= 0x80 && c < 0xC2)
			abort();
	}
	expect(reader, "\"");
}

/* One scalar, or the start or end of an array or object; keys and commas are checked by the caller's state. */
static void read_document(struct reader *reader)
{
	bool object[JSON_DEPTH_MAX] = { false }, first[JSON_DEPTH_MAX] = { false };

	for (;;) {
		skip_blanks(reader);
		if (reader->depth > 0 && *reader->at == (object[reader->depth - 1] ? '}' : ']')) {
			reader->at++;
			reader->depth--;
		} else {
			if (reader->depth > 0) {
				if (!first[reader->depth - 1])
					expect(reader, ",");
				first[reader->depth - 1] = false;
				skip_blanks(reader);
				if (object[reader->depth - 1]) {
					read_string(reader);
					expect(reader, ": ");
				}
			}
			if (*reader->at == '{' || *reader->at == '[') {
				if (reader->depth == JSON_DEPTH_MAX)
					abort();
				object[reader->depth] = *reader->at++ == '{';
				first[reader->depth++] = true;
				continue;
			}
			if (*reader->at == '"')
				read_string(reader);
			else if (strspn(reader->at, "0123456789") > 0)
				reader->at += strspn(reader->at, "0123456789");
			else if (*reader->at == 't')
				expect(reader, "true");
			else if (*reader->at == 'f')
				expect(reader, "false");
			else
				expect(reader, "null");
		}
		if (reader->depth == 0)
			break;
	}
	expect(reader, "\n");
	if (*reader->at != '\0')
		abort();
}

static void call(struct json *json, uint8_t what, const char *key, const uint8_t *data, size_t size)
{
	switch (what % 9) {
	case 0: json_object(json, key); break;
	case 1: json_array(json, key); break;
	case 2: json_object_end(json); break;
	case 3: json_array_end(json); break;
	case 4: json_bytes_text(json, key, (const char *)data, size); break;
	case 5: json_number(json, key, size * 1234567u); break;
	case 6: json_bool(json, key, size % 2 == 0); break;
	case 7: json_null(json, key); break;
	default: json_digest(json, key, data, size); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char key[16] = "";
	struct json json;

	json_begin(&json);
	while (size >= 2) {
		uint8_t what = data[0];
		size_t length = data[1] < size - 2 ? data[1] : size - 2;
		bool array = json.depth == 0 || json.array[json.depth - 1];

		data += 2;
		size -= 2;
		memcpy(key, data, length < sizeof(key) - 1 ? length : sizeof(key) - 1);
		/* Mostly right use, sometimes wrong. */
		call(&json, what, ((what & 0x80) != 0) == array ? key : NULL, data, length);
		data += length;
		size -= length;
		if (json.wrong)
			break;
	}
	while (!json.wrong && !json.done && json.depth > 0) {
		if (json.array[json.depth - 1])
			json_array_end(&json);
		else
			json_object_end(&json);
	}
	if (json_finish(&json)) {
		struct reader reader = { json.text, 0 };

		read_document(&reader);
	}
	json_free(&json);
	return 0;
}
