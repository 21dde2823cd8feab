/* SPDX-License-Identifier: MIT */
/* Cutting a script's output and status out of what a guest's console shows. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/run/run.h"

static char output_path[] = "/tmp/test-run-script-XXXXXX";
static int saved_stdout = -1;

static struct script *open_text(const char *text, size_t size)
{
	char path[] = "/tmp/test-run-script-XXXXXX";
	int file = mkstemp(path);
	struct script *script;

	if (file < 0 || write(file, text, size) != (ssize_t)size)
		abort();
	close(file);
	script = script_open(path);
	unlink(path);
	return script;
}

/* What script_output() prints goes into a file between these two. */
static void capture_begin(void)
{
	int file;

	strcpy(output_path + sizeof(output_path) - 7, "XXXXXX");
	file = mkstemp(output_path);
	fflush(stdout);
	saved_stdout = dup(STDOUT_FILENO);
	if (file < 0 || saved_stdout < 0 || dup2(file, STDOUT_FILENO) < 0)
		abort();
	close(file);
}

static const char *capture_end(void)
{
	static char text[65536];
	FILE *file;

	fflush(stdout);
	dup2(saved_stdout, STDOUT_FILENO);
	close(saved_stdout);
	file = fopen(output_path, "r");
	if (file == NULL)
		abort();
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	unlink(output_path);
	return text;
}

static void feed(struct script *script, const char *text)
{
	script_output(script, text, strlen(text));
}

static void feed_marker(struct script *script, const char *name, const char *rest)
{
	char line[128];

	snprintf(line, sizeof(line), "@@%s-%d%s\n", name, (int)getpid(), rest);
	feed(script, line);
}

/* To the point where the script's output begins. */
static void start(struct script *script)
{
	const char *text;
	size_t size;

	script_prompt(script, &text, &size);
	CHECK(size > 0);
	feed(script, " dmesg -n 1; stty -echo; printf '@@%s-1\\r\\n' ready\r\n");
	CHECK(!script_ready(script, &text, &size));
	feed_marker(script, "ready", "");
	CHECK(script_ready(script, &text, &size));
	CHECK(!script_ready(script, &text, &size));
	feed(script, "late kernel message\n");
	feed_marker(script, "begin", "");
}

TEST(output_and_status_of_a_script)
{
	struct script *script = open_text("echo x\n", 7);
	const char *text;

	REQUIRE(script != NULL);
	capture_begin();
	feed(script, "boot messages\n");
	start(script);
	feed(script, "one\r\ntwo, no newline");
	feed_marker(script, "end", " 42");
	feed(script, "reboot: Power down\n");
	text = capture_end();
	CHECK_TEXT(text, "one\ntwo, no newline");
	CHECK_EQ(script_status(script), 42);
	script_close(script);
}

TEST(one_byte_at_a_time_and_near_misses)
{
	static const char noise[] = "@\n@@\n@@end-\n@@@end-1\n@@begin-@@end-99999999 7\n";
	struct script *script = open_text("true", 4);
	const char *text;

	REQUIRE(script != NULL);
	capture_begin();
	start(script);
	for (size_t i = 0; i < sizeof(noise) - 1; i++)
		script_output(script, &noise[i], 1);
	feed_marker(script, "end", " 0");
	text = capture_end();
	CHECK_TEXT(text, noise);
	CHECK_EQ(script_status(script), 0);
	script_close(script);
}

TEST(marker_that_never_ends_is_output)
{
	struct script *script = open_text("true", 4);
	char line[300], marker[32];
	const char *text;

	REQUIRE(script != NULL);
	snprintf(marker, sizeof(marker), "@@end-%d", (int)getpid());
	memset(line, 'x', sizeof(line));
	memcpy(line, marker, strlen(marker));
	capture_begin();
	start(script);
	script_output(script, line, sizeof(line));
	CHECK_EQ(script_status(script), -1);
	feed_marker(script, "end", " 5");
	text = capture_end();
	CHECK(memcmp(text, line, sizeof(line)) == 0);
	CHECK_EQ(strlen(text), sizeof(line));
	CHECK_EQ(script_status(script), 5);
	script_close(script);
}

TEST(script_is_typed_with_control_characters_quoted)
{
	struct script *script = open_text("a\t\x03" "b\r\nc", 7);
	const char *text;
	size_t size;

	REQUIRE(script != NULL);
	script_prompt(script, &text, &size);
	feed_marker(script, "ready", "");
	REQUIRE(script_ready(script, &text, &size));
	CHECK_EQ(size, 9);
	CHECK(memcmp(text, "a\t\x16\x03" "b\nc\n\x04", size) == 0);
	script_close(script);
}

/* With it, a prompt in the middle of the output means that the guest has started again; without it, nothing. */
TEST(script_is_typed_again_after_a_reset)
{
	for (unsigned again = 0; again < 2; again++) {
		struct script *script = open_text("a", 1);
		const char *text;
		size_t size, first;

		REQUIRE(script != NULL);
		if (again != 0)
			script_at_every_start(script);
		script_prompt(script, &text, &size);
		feed_marker(script, "ready", "");
		REQUIRE(script_ready(script, &text, &first));
		capture_begin();
		feed_marker(script, "begin", "");
		feed(script, "first\n");
		script_prompt(script, &text, &size);
		CHECK_EQ(size != 0, again != 0);
		if (again != 0) {
			feed_marker(script, "ready", "");
			CHECK(script_ready(script, &text, &size));
			CHECK_EQ(size, first);
			feed_marker(script, "begin", "");
		}
		feed(script, "second\n");
		feed_marker(script, "end", " 3");
		CHECK(strcmp(capture_end(), again != 0 ? "first\n\nsecond\n" : "first\nsecond\n") == 0);
		CHECK_EQ(script_status(script), 3);
		script_close(script);
	}
}

TEST(bad_scripts_are_refused)
{
	static char large[100 * 1024];

	CHECK(script_open("/nonexistent/script") == NULL);
	CHECK(open_text("a\0b", 3) == NULL);
	memset(large, 'a', sizeof(large));
	CHECK(open_text(large, sizeof(large)) == NULL);
	CHECK(open_text(large, 5000) == NULL);
}
