/* SPDX-License-Identifier: MIT */
/*
 * words.h - command lines from a fuzzer's input, and a folder of their own in which programs may read and write what the words
 * name: no word leaves it. A target calls words_begin() in LLVMFuzzerInitialize(), words_make() for argv, words_listen() and
 * words_heard() around the program, and words_clean() after it.
 */
#ifndef TESTS_FUZZ_WORDS_H
#define TESTS_FUZZ_WORDS_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 24u
#define WORDS_FIRST_BYTE 0xC0u /* a word that begins with this byte is the first of the target's, and so on */

static char words_folder[] = "/tmp/fuzz-words-XXXXXX";
static char *words_said; /* what the program wrote to standard error */
static size_t words_said_size;
static FILE *words_quiet; /* for what is said between programs */

/* The input with a zero byte behind it, to be freed; NULL: no memory. */
static inline char *words_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return NULL;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static inline void words_write(const char *name, const void *data, size_t size)
{
	FILE *stream = fopen(name, "wb");

	if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
		abort();
}

/* Folders are one level deep: no word has a slash. */
static inline void words_empty(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		char name[600];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		(void)unlink(name);
	}
	if (stream != NULL)
		(void)closedir(stream);
}

/* Everything but the fixtures is gone. */
static inline void words_clean(const char *const *fixtures)
{
	DIR *stream = opendir(".");
	struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		size_t i = 0;

		while (fixtures[i] != NULL && strcmp(entry->d_name, fixtures[i]) != 0)
			i++;
		if (fixtures[i] != NULL || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    unlink(entry->d_name) == 0)
			continue;
		words_empty(entry->d_name);
		if (rmdir(entry->d_name) != 0)
			abort();
	}
	if (stream != NULL)
		(void)closedir(stream);
}

static inline void words_end(void)
{
	static const char *const none[] = { NULL };

	words_clean(none);
	(void)rmdir(words_folder);
}

/* The fuzzer's own files keep their places when the folder changes. */
static inline char *words_absolute(const char *from, const char *prefix, const char *path)
{
	char *text = malloc(strlen(from) + strlen(prefix) + strlen(path) + 2);

	if (text == NULL)
		abort();
	sprintf(text, "%s%s/%s", prefix, from, path);
	return text;
}

static inline void words_begin(int count, char **argument)
{
	static const char artifacts[] = "-artifact_prefix=";
	static char from[4096];

	if (getcwd(from, sizeof(from)) == NULL)
		abort();
	for (int i = 1; i < count; i++) {
		char *word = argument[i];

		if (strncmp(word, artifacts, sizeof(artifacts) - 1) == 0 && word[sizeof(artifacts) - 1] != '/')
			argument[i] = words_absolute(from, artifacts, word + sizeof(artifacts) - 1);
		else if (word[0] != '-' && word[0] != '/')
			argument[i] = words_absolute(from, "", word);
	}
	if (mkdtemp(words_folder) == NULL || chdir(words_folder) != 0 || atexit(words_end) != 0)
		abort();
	/* The fuzzer's own messages go to the file descriptor, not to this stream. */
	words_quiet = fopen("/dev/null", "w");
	if (words_quiet == NULL || freopen("/dev/null", "w", stdout) == NULL)
		abort();
}

/* Words are names in one folder; a line that is said stays one line. */
static inline void words_tame(char *word)
{
	for (; *word != '\0'; word++) {
		if (*word == '/' || *word == '\n' || (word[0] == '.' && word[1] == '.'))
			*word = '_';
	}
}

/* argv of WORDS_MAX + 1 words from text, which has a NUL at its end. Returns argc; the program's name is the first word. */
static inline int words_make(char *text, size_t size, const char *const *names, size_t name_count, char **word)
{
	static char program[] = "program", copies[WORDS_MAX][32]; /* programs may write to their words */
	int count = 0;

	word[count++] = program;
	for (size_t at = 0; at < size && count < (int)WORDS_MAX;) {
		unsigned char first = (unsigned char)text[at];
		size_t length = strlen(text + at);

		words_tame(text + at);
		word[count] = text + at;
		if (first >= WORDS_FIRST_BYTE && first - WORDS_FIRST_BYTE < name_count) {
			word[count] = copies[count];
			snprintf(copies[count], sizeof(copies[0]), "%s", names[first - WORDS_FIRST_BYTE]);
		}
		count++;
		at += length + 1;
	}
	word[count] = NULL;
	return count;
}

static inline void words_listen(void)
{
	stderr = open_memstream(&words_said, &words_said_size);
	if (stderr == NULL)
		abort();
}

/* The line that the program said is there, or there is none. */
static inline void words_heard(const char *begin, int failed)
{
	(void)fclose(stderr);
	stderr = words_quiet;
	if (failed && (strncmp(words_said, begin, strlen(begin)) != 0 || words_said[words_said_size - 1] != '\n'))
		abort();
	free(words_said);
}

#endif
