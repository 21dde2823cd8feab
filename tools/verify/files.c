/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define FILE_MAX (1u << 20)

void verify_complain(const char *format, ...)
{
	va_list arguments;

	fputs("verify: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static bool read_all(struct blob *blob, FILE *file)
{
	blob->data = malloc(FILE_MAX + 1u);
	if (blob->data == NULL)
		return false;
	blob->size = fread(blob->data, 1, FILE_MAX + 1u, file);
	return !ferror(file) && blob->size <= FILE_MAX;
}

bool input_read(struct blob *blob, const char *option, const char *path)
{
	FILE *file = fopen(path, "rb");
	bool good;

	if (file == NULL) {
		verify_complain("%s %s: %s", option, path, strerror(errno));
		return false;
	}
	good = read_all(blob, file);
	if (!good) {
		verify_complain("%s %s: %s", option, path, ferror(file) ? "cannot be read" : "larger than 1 MiB");
		free(blob->data);
		*blob = (struct blob){ NULL, 0 };
	}
	(void)fclose(file);
	return good;
}

bool output_write(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool good = file != NULL && fwrite(data, 1, size, file) == size;

	if (file != NULL && fclose(file) != 0)
		good = false;
	if (!good)
		verify_complain("%s: %s", path, strerror(errno));
	return good;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool parse_hex(const char *text, uint8_t *out, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Place in the text of each byte in UEFI's order: the first three fields are little-endian. */
static const uint8_t guid_place[16] = { 6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34 };

bool parse_guid(const char *text, uint8_t guid[16])
{
	if (strlen(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
		return false;
	for (uint32_t i = 0; i < 16; i++) {
		int high = digit(text[guid_place[i]]), low = digit(text[guid_place[i] + 1]);

		if (high < 0 || low < 0)
			return false;
		guid[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void print_guid(const uint8_t guid[16], char *text)
{
	memcpy(text, "--------------------" "----------------", 37);
	for (uint32_t i = 0; i < 16; i++) {
		text[guid_place[i]] = "0123456789abcdef"[guid[i] >> 4];
		text[guid_place[i] + 1] = "0123456789abcdef"[guid[i] & 15];
	}
}
