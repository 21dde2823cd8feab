/* SPDX-License-Identifier: MIT */
/* The archive program: what it packs is read back, what it refuses has its words, and no file comes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive.h"
#include "tests/unit/listen.h"
#include "tests/unit/unit.h"
#include "tools/archive/command.h"

static char folder[] = "/tmp/archive-XXXXXX";
static char said[8192], shown[8192];

static const char *path(const char *name)
{
	static char names[8][64];
	static unsigned next;
	char *text = names[next++ % 8];

	snprintf(text, sizeof(names[0]), "%s/%s", folder, name);
	return text;
}

static void write_file(const char *name, const char *text)
{
	FILE *stream = fopen(path(name), "wb");

	if (stream == NULL || fputs(text, stream) < 0 || fclose(stream) != 0)
		abort();
}

__attribute__((constructor)) static void make_folder(void)
{
	if (mkdtemp(folder) == NULL)
		abort();
	write_file("one", "first");
	write_file("empty", "");
}

__attribute__((destructor)) static void remove_folder(void)
{
	(void)unlink(path("one"));
	(void)unlink(path("empty"));
	(void)unlink(path("out"));
	(void)rmdir(folder);
}

static int run(const char *const *words)
{
	char *argv[ARCHIVE_FILES_MAX + 8] = { (char[]){ "archive" } };
	FILE *errors = listen(&stderr), *output = listen(&stdout);
	int count = 1, status;

	for (; words[count - 1] != NULL; count++)
		argv[count] = (char *)(uintptr_t)words[count - 1];
	status = archive_command(count, argv);
	heard(&stdout, output, shown, sizeof(shown));
	heard(&stderr, errors, said, sizeof(said));
	return status;
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })
#define REFUSED(text, ...) \
	do { \
		CHECK_EQ(RUN(__VA_ARGS__), 1); \
		CHECK(strstr(said, text) != NULL && strchr(said, '\n') == said + strlen(said) - 1); \
		CHECK(access(path("out"), F_OK) != 0); \
	} while (0)

static const char *assign(const char *name, const char *file)
{
	static char words[ARCHIVE_FILES_MAX + 1][128];
	static unsigned next;
	char *text = words[next++ % ARRAY_SIZE(words)];

	snprintf(text, sizeof(words[0]), "%s=%s/%s", name, folder, file);
	return text;
}

TEST(packed_and_listed)
{
	static uint8_t data[4 * PAGE_SIZE];
	struct archive archive;
	uint64_t offset, size;
	FILE *stream;

	REQUIRE(RUN("-o", path("out"), assign("init", "one"), assign("none", "empty"), assign("a-name-of-thirty-one-characters", "one")) == 0);
	stream = fopen(path("out"), "rb");
	REQUIRE(stream != NULL);
	size = fread(data, 1, sizeof(data), stream);
	(void)fclose(stream);
	CHECK_EQ(size, 3 * PAGE_SIZE);
	REQUIRE(archive_open(&archive, data, size) == 0);
	CHECK_EQ(archive.count, 3);
	REQUIRE(archive_find(&archive, "init", &offset, &size) == 0);
	CHECK(size == 5 && memcmp(data + offset, "first", 6) == 0);
	REQUIRE(archive_find(&archive, "none", &offset, &size) == 0);
	CHECK_EQ(size, 0);
	CHECK_EQ(archive_find(&archive, "a-name-of-thirty-one-characters", &offset, &size), 0);
	CHECK_EQ(RUN("--list", path("out")), 0);
	CHECK(strstr(shown, "init                                      5 bytes at 0x1000\n") == shown);
	CHECK(strstr(shown, "\nnone ") != NULL && strstr(shown, "\na-name-of-thirty-one-characters ") != NULL);
	(void)unlink(path("out"));
}

TEST(usage)
{
	CHECK_EQ(RUN("--help"), 0);
	CHECK(strstr(shown, "usage: archive -o OUT") == shown && said[0] == '\0');
	CHECK_EQ(RUN("-h"), 0);
	CHECK_EQ(RUN("-o", path("out")), 2);
	CHECK(strstr(said, "usage: archive -o OUT") == said && shown[0] == '\0');
	CHECK_EQ(RUN("--list"), 2);
	CHECK_EQ(RUN("-x", path("out"), assign("init", "one")), 2);
	CHECK_EQ(RUN("--list", path("one"), path("one")), 2);
}

TEST(refused)
{
	const char *many[ARCHIVE_FILES_MAX + 4] = { "-o", path("out") };

	for (unsigned i = 0; i < ARCHIVE_FILES_MAX + 1; i++)
		many[i + 2] = assign("x", "empty");
	CHECK_EQ(run(many), 1);
	CHECK(strstr(said, "at most") != NULL);
	REFUSED("is not NAME=FILE", "-o", path("out"), path("one"));
	REFUSED("is not NAME=FILE", "-o", path("out"), assign("", "one"));
	REFUSED("is not NAME=FILE", "-o", path("out"), assign("a-name-of-thirty-two-characters.", "one"));
	REFUSED("cannot read", "-o", path("out"), assign("init", "nowhere"));
	REFUSED("cannot read", "-o", path("out"), assign("one", "one"), assign("init", "."));
	REFUSED("two files have the same name", "-o", path("out"), assign("init", "one"), assign("init", "empty"));
	REFUSED("cannot write", "-o", path("."), assign("init", "one"));
	REFUSED("not an archive", "--list", path("one"));
	REFUSED("not an archive", "--list", path("empty"));
	REFUSED("cannot read", "--list", path("nowhere"));
}
