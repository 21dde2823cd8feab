/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/archive.h"
#include "tools/archive/command.h"

#define FILE_MAX (64ull << 20)

static int usage(FILE *to)
{
	fputs("usage: archive -o OUT NAME=FILE...\n"
	      "       archive --list FILE\n\n"
	      "Packs the services of an image: each NAME starts at a page boundary, in the order given. The same inputs give\n"
	      "the same bits.\n",
	      to);
	return to == stdout ? 0 : 2;
}

static uint8_t *read_file(const char *path, uint64_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long length = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		length = ftell(file);
	if (length >= 0 && (uint64_t)length <= FILE_MAX && fseek(file, 0, SEEK_SET) == 0)
		data = malloc((size_t)length + 1);
	if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length) {
		free(data);
		data = NULL;
	}
	if (data == NULL)
		fprintf(stderr, "archive: cannot read %s: %s\n", path, file == NULL ? strerror(errno) : "not a file, or too large");
	if (file != NULL)
		(void)fclose(file);
	*size = (uint64_t)length;
	return data;
}

static int list(const char *path)
{
	struct archive archive;
	uint64_t size;
	uint8_t *data = read_file(path, &size);
	int status = 1;

	if (data == NULL)
		return 1;
	if (archive_open(&archive, data, size) == 0) {
		for (uint32_t i = 0; i < archive.count; i++) {
			struct archive_entry entry;

			archive_entry(&archive, i, &entry);
			printf("%-32s %10" PRIu64 " bytes at 0x%" PRIx64 "\n", entry.name, entry.size, entry.offset);
		}
		status = 0;
	} else {
		fprintf(stderr, "archive: %s is not an archive of services, or damaged\n", path);
	}
	free(data);
	return status;
}

/* Appends one NAME=FILE to what is packed so far. */
static int add(uint8_t **packed, uint64_t *size, struct archive_entry *entry, const char *argument)
{
	const char *equals = strchr(argument, '=');
	uint64_t length;
	uint8_t *data, *larger;

	if (equals == NULL || equals == argument || (size_t)(equals - argument) >= SERVICE_NAME_MAX) {
		fprintf(stderr, "archive: '%s' is not NAME=FILE with a name of 1 to %u characters\n", argument,
			SERVICE_NAME_MAX - 1);
		return -1;
	}
	data = read_file(equals + 1, &length);
	if (data == NULL)
		return -1;
	larger = realloc(*packed, *size + align_up(length, PAGE_SIZE));
	if (larger == NULL) {
		fprintf(stderr, "archive: out of memory\n");
		free(data);
		return -1;
	}
	memset(larger + *size, 0, align_up(length, PAGE_SIZE));
	memcpy(larger + *size, data, length);
	memcpy(entry->name, argument, (size_t)(equals - argument));
	entry->offset = *size;
	entry->size = length;
	*packed = larger;
	*size += align_up(length, PAGE_SIZE);
	free(data);
	return 0;
}

static int write_file(const char *path, const uint8_t *data, uint64_t size)
{
	FILE *file = fopen(path, "wb");
	bool good = file != NULL && fwrite(data, 1, size, file) == size;

	if (file != NULL && fclose(file) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "archive: cannot write %s: %s\n", path, strerror(errno));
	return good ? 0 : 1;
}

static int pack(const char *path, char **arguments, uint32_t count)
{
	struct archive_header header = { .magic = ARCHIVE_MAGIC, .count = count };
	struct archive_entry entry[ARCHIVE_FILES_MAX] = { 0 };
	uint64_t size = PAGE_SIZE; /* header and entries */
	uint8_t *packed = calloc(1, PAGE_SIZE);
	struct archive check;
	int status = 1;

	if (count > ARCHIVE_FILES_MAX) {
		fprintf(stderr, "archive: %u files, at most %u are possible\n", count, ARCHIVE_FILES_MAX);
		goto out;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (packed == NULL || add(&packed, &size, &entry[i], arguments[i]) != 0)
			goto out;
	}
	if (packed == NULL)
		goto out;
	header.size = size;
	memcpy(packed, &header, sizeof(header));
	memcpy(packed + sizeof(header), entry, count * sizeof(entry[0]));
	if (archive_open(&check, packed, size) != 0)
		fprintf(stderr, "archive: two files have the same name\n");
	else
		status = write_file(path, packed, size);
out:
	free(packed);
	return status;
}

int archive_command(int argc, char **argv)
{
	_Static_assert(sizeof(struct archive_header) + ARCHIVE_FILES_MAX * sizeof(struct archive_entry) <= PAGE_SIZE,
		       "one page of entries");
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout);
	if (argc == 3 && strcmp(argv[1], "--list") == 0)
		return list(argv[2]);
	if (argc < 4 || strcmp(argv[1], "-o") != 0)
		return usage(stderr);
	return pack(argv[2], argv + 3, (uint32_t)(argc - 3));
}
