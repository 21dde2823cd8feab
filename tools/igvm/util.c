/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void report(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("igvm: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory) {
		report("out of memory");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void *reallocate(void *memory, size_t size)
{
	void *larger = realloc(memory, size ? size : 1);

	if (!larger) {
		report("out of memory");
		exit(EXIT_FAILURE);
	}
	return larger;
}

static int read_stream(struct blob *blob, FILE *stream)
{
	size_t capacity = 1u << 20;

	blob->data = allocate(capacity);
	blob->size = 0;
	for (;;) {
		size_t count = fread(blob->data + blob->size, 1, capacity - blob->size, stream);

		blob->size += count;
		if (blob->size < capacity) /* its end, or an error */
			return ferror(stream) ? ERR_NOT_FOUND : 0;
		capacity *= 2;
		blob->data = reallocate(blob->data, capacity);
	}
}

int blob_read(struct blob *blob, const char *what, const char *path)
{
	struct stat status;
	FILE *stream = fopen(path, "rb");
	int result;

	if (!stream) {
		report("%s %s: %s", what, path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
		report("%s %s: is a directory", what, path);
		(void)fclose(stream);
		return ERR_NOT_FOUND;
	}
	result = read_stream(blob, stream);
	if (result != 0) {
		report("%s %s: %s", what, path, strerror(errno));
		blob_free(blob);
	} else if (blob->size == 0) {
		report("%s %s: file is empty", what, path);
		blob_free(blob);
		result = ERR_NOT_FOUND;
	}
	(void)fclose(stream);
	return result;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	blob->data = NULL;
	blob->size = 0;
}

/* mkstemp makes private files; the result gets the permissions that an ordinary new file would have. */
static void set_default_mode(int descriptor)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(descriptor, 0666 & ~mask) != 0)
		report("warning: cannot set permissions of the output file: %s", strerror(errno));
}

static int write_all(int descriptor, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size != 0) {
		ssize_t count = write(descriptor, from, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return ERR_INVALID;
		from += count;
		size -= (size_t)count;
	}
	return 0;
}

/* A device or a pipe (/dev/null, /dev/stdout) cannot be replaced by renaming; it is written in place. */
static int write_in_place(const char *path, const void *data, size_t size)
{
	FILE *stream = fopen(path, "wb");
	size_t count = stream ? fwrite(data, 1, size, stream) : 0;

	if (!stream || fclose(stream) != 0 || count != size) {
		report("output %s: %s", path, strerror(errno));
		return ERR_INVALID;
	}
	return 0;
}

int file_write(const char *path, const void *data, size_t size)
{
	size_t length = strlen(path);
	struct stat status;
	char *temporary;
	int descriptor;
	int result;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return write_in_place(path, data, size);
	temporary = allocate(length + sizeof(".XXXXXX"));
	memcpy(temporary, path, length);
	memcpy(temporary + length, ".XXXXXX", sizeof(".XXXXXX"));
	descriptor = mkstemp(temporary);
	if (descriptor < 0) {
		report("output %s: %s", path, strerror(errno));
		free(temporary);
		return ERR_INVALID;
	}
	set_default_mode(descriptor);
	result = write_all(descriptor, data, size);
	if (close(descriptor) != 0)
		result = ERR_INVALID;
	if (result == 0 && rename(temporary, path) != 0)
		result = ERR_INVALID;
	if (result != 0) {
		report("output %s: %s", path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return result;
}

int parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return ERR_INVALID;
	errno = 0;
	*value = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	return errno == 0 && *end == '\0' && end != text && *value <= max ? 0 : ERR_INVALID;
}

void report_option(const char *command, int result, char **argv)
{
	const char *option = argv[optind - 1];

	if (result == ':')
		report("%s: option '%s' needs a value; see 'igvm %s --help'", command, option, command);
	else
		report("%s: unknown option '%s'; see 'igvm %s --help'", command, option, command);
}
