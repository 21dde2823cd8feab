/* SPDX-License-Identifier: MIT */
/*
 * The command line of Nutshell: what is accepted keeps to the limits, and says the same when it is written anew. ram= says to
 * the start, which asks for it alone, what it says in a line that is accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nutshell/start.h"
#include "tests/mock/nutshell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_SIZE 2048u /* as much as the start keeps */

static bool accepted(const char *line)
{
	memset(&options, 0, sizeof(options));
	options.features = 0x33;
	machine_trace_enabled = false;
	machine_without_invlpgb = false;
	if (MOCK_STOPS())
		return false;
	options_parse(line);
	mock_armed = false;
	return true;
}

/* A line that must have the same effect. */
static void write_anew(char *line, size_t size, uint64_t ram)
{
	int length = snprintf(line, size, "x c-bit=%u features=0x%llx parameter=%u busy=%u ram=%llu", options.c_bit,
			      (unsigned long long)options.features, options.parameter, options.busy,
			      (unsigned long long)(ram >> 20));

	if (options.interrupt != 0)
		length += snprintf(line + length, size - (size_t)length, " interrupt=%llu", (unsigned long long)options.interrupt);
	snprintf(line + length, size - (size_t)length, "%s%s%s%s%s%s", options.stats ? " stats" : "", options.reboot ? " reboot" : "",
		 options.no_dma ? " no-dma" : "", options.no_timer ? " no-timer" : "", machine_trace_enabled ? " trace" : "",
		 machine_without_invlpgb ? " no-invlpgb" : "");
}

static void check(uint64_t ram)
{
	char line[512], again[512];

	if (options.c_bit < 36 || options.c_bit > 47)
		abort();
	if (options.interrupt != 0 && (options.interrupt < 32 || options.interrupt > 255))
		abort();
	if (ram > RAM_MIB_MAX << 20 || (ram & ((1u << 20) - 1u)) != 0)
		abort();
	write_anew(line, sizeof(line), ram);
	if (!accepted(line) || options_ram(line) != ram)
		abort();
	write_anew(again, sizeof(again), ram);
	if (strcmp(line, again) != 0)
		abort();
}

/* The first word that begins with "ram=" and is not Nutshell's name, read by the C library. */
static uint64_t expected_ram(char *line)
{
	char *rest = NULL, *word = strtok_r(line, " ", &rest);

	while (word != NULL && (word = strtok_r(NULL, " ", &rest)) != NULL) {
		if (strncmp(word, "ram=", 4) == 0)
			return strtoull(word + 4, NULL, strncmp(word + 4, "0x", 2) == 0 ? 16 : 10) << 20;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1); /* its own piece of memory, so that reading past the end shows */

	if (line == NULL || size >= LINE_SIZE)
		goto out;
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	mock_restart();
	if (accepted(line)) {
		uint64_t ram = options_ram(line);

		check(ram);
		if (expected_ram(line) != ram)
			abort();
	}
out:
	free(line);
	return 0;
}
