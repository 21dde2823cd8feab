/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes one JSON document (RFC 8259) into memory.
 *
 * Use: json_begin(), then members in order, each with its key (NULL in an array and for the document itself), objects
 * and arrays opened and closed in pairs, then json_finish(). Text is UTF-8; bytes that are none become U+FFFD. Numbers
 * that may exceed 53 bits go in as hexadecimal text (json_hex()): many readers keep numbers as double.
 *
 * Wrong use (a key in an array, too deep, not closed, two documents) makes json_finish() return false: nothing half-right
 * gets out.
 */
#ifndef IGVM_JSON_H
#define IGVM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 16u

struct json {
	char *text;
	size_t size, capacity;
	unsigned depth;
	bool array[JSON_DEPTH_MAX]; /* what is open at each depth */
	bool used[JSON_DEPTH_MAX];  /* something stands in it */
	bool done, wrong;
};

void json_begin(struct json *json);
/* True when the document is complete; then json->text holds json->size bytes, a newline and a NUL behind them. */
bool json_finish(struct json *json);
void json_free(struct json *json);

void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);

void json_string(struct json *json, const char *key, const char *value);
void json_bytes_text(struct json *json, const char *key, const char *value, size_t size); /* ends at a NUL, too */
void json_number(struct json *json, const char *key, uint64_t value); /* up to 2^53 */
void json_hex(struct json *json, const char *key, uint64_t value);    /* "0x..." */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* Bytes as hexadecimal text. */
void json_digest(struct json *json, const char *key, const uint8_t *data, size_t size);

#endif
