/* SPDX-License-Identifier: MIT */
/* A command line of archive: what is refused has its reason, what was packed is what its line said. */
#include "lib/archive.h"
#include "tests/fuzz/words.h"
#include "tools/archive/command.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "-o", "--list", "--help", "out", "one=one", "two=two", "name=one", "one", "bad" };
static const char *const fixtures[] = { "one", "two", "bad", NULL };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	words_begin(*argc, *argv);
	return 0;
}

static void check_entry(const struct archive *archive, uint32_t index, const char *word)
{
	size_t length = (size_t)(strchr(word, '=') - word);
	struct archive_entry entry;

	archive_entry(archive, index, &entry);
	if (strlen(entry.name) != length || memcmp(entry.name, word, length) != 0)
		abort();
}

static void check_packed(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	FILE *stream = fopen(argv[2], "rb");
	size_t size = stream != NULL ? fread(data, 1, sizeof(data), stream) : 0;
	struct archive archive;

	if (stream == NULL || fclose(stream) != 0 || archive_open(&archive, data, size) != 0 ||
	    archive.count != (uint32_t)argc - 3u)
		abort();
	for (int i = 3; i < argc; i++)
		check_entry(&archive, (uint32_t)i - 3u, argv[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = words_text(data, size), *word[WORDS_MAX + 1];
	int count, status;

	if (text == NULL)
		return 0;
	words_write("one", "first", 5);
	words_write("two", "", 0);
	words_write("bad", "no archive", 10);
	count = words_make(text, size, names, sizeof(names) / sizeof(names[0]), word);
	words_listen();
	status = archive_command(count, word);
	words_heard(status == 1 ? "archive: " : "usage: archive", status != 0);
	if (status < 0 || status > 2)
		abort();
	if (status == 0 && strcmp(word[1], "-o") == 0)
		check_packed(count, word);
	words_clean(fixtures);
	free(text);
	return 0;
}
