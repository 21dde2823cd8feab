/* SPDX-License-Identifier: MIT */
/*
 * A command line of run, words with NULs between them, and QEMU's command line that is made of it. What is accepted
 * keeps to the limits, and no word of the user's adds to QEMU's options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/run.h"

#define WORDS 24u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned commas(const char *word)
{
	unsigned count = 0;

	for (; *word != '\0'; word++)
		count += *word == ',' ? 1 : 0;
	return count;
}

/* The same machine with the shortest texts that could be in the user's place. */
static struct devices plain_devices(const struct devices *devices)
{
	struct devices plain = *devices;

	for (unsigned i = 0; i < plain.disk_count; i++)
		plain.disk[i] = strchr(devices->disk[i], ',') != NULL ? "x,raw" : "x";
	for (unsigned i = 0; i < plain.forward_count; i++)
		plain.forward[i] = "1:1";
	if (plain.bridge != NULL)
		plain.bridge = "x";
	if (plain.key_broker != NULL)
		plain.key_broker = "x";
	return plain;
}

/* What the user wrote makes no part of an option of QEMU's but the one that it is for: parts stand between commas. */
static void check_words(const struct devices *devices)
{
	struct devices plain = plain_devices(devices);
	struct command words = { 0 }, plain_words = { 0 };

	devices_add(devices, &words);
	devices_add(&plain, &plain_words);
	if (words.count != plain_words.count)
		abort();
	for (size_t i = 0; i < words.count; i++) {
		if (commas(words.argument[i]) != commas(plain_words.argument[i]))
			abort();
	}
	command_free(&words);
	command_free(&plain_words);
}

static void check(struct options *options)
{
	if (options->image == NULL || options->nutshell == NULL || strchr(options->image, ',') != NULL)
		abort();
	if (options->devices.cpus < 1 || options->devices.cpus > 8 || options->timeout > 1000000)
		abort();
	if (options->devices.memory < 32 * MIB || options->devices.memory > 65536 * MIB || options->devices.memory % MIB != 0)
		abort();
	if (options->log != NULL && strchr(options->log, ',') != NULL)
		abort();
	check_words(&options->devices);
	if (options->log == NULL)
		options->log = "log";
	(void)machine_print(options); /* a command that is too long is refused */
}

/* argv from the input; words that a test needs often stand for one byte. */
static int make_words(char *text, size_t size, char **word)
{
	static char names[][24] = { "--nutshell", "/dev/null", "--memory", "--cpus", "--disk", "--forward", "--append" };
	int count = 0;

	word[count++] = names[1];
	for (size_t at = 0; at < size && count < (int)WORDS; at += strlen(text + at) + 1) {
		unsigned char first = (unsigned char)text[at];

		word[count++] = first >= 0xF0 && first < 0xF0 + ARRAY_SIZE(names) ? names[first - 0xF0] : text + at;
	}
	word[count] = NULL;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;
	char *word[WORDS + 1];
	struct options options;
	char *text;
	int count;

	/* The fuzzer's own messages go to the file descriptor, not to this stream. */
	if (!quiet && (freopen("/dev/null", "w", stdout) == NULL || (stderr = fopen("/dev/null", "w")) == NULL))
		abort();
	quiet = true;
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	count = make_words(text, size, word);
	optind = 0; /* getopt_long() begins anew */
	if (options_parse(&options, count, word) == RUN_OK)
		check(&options);
	free(text);
	return 0;
}
