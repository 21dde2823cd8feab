/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/latency/latency.h"

#define ROUNDS_MAX 64u

struct measured {
	const char *name;
	void (*build)(struct command *command, const struct objects *objects);
	uint32_t rounds;
	bool makes_object; /* which is flushed, outside the time */
};

static const struct measured list[] = {
	{ "get_random", command_get_random, 40, false },
	{ "pcr_read", command_pcr_read, 40, false },
	{ "pcr_extend", command_pcr_extend, 40, false },
	{ "hash_1k", command_hash, 40, false },
	{ "nv_read_1k", command_nv_read, 40, false },
	{ "nv_write_1k", command_nv_write, 40, false },
	{ "ecc_primary", command_create_parent, 20, true },
	{ "ecc_key", command_make_ecc_key, 20, false },
	{ "ecc_sign", command_sign_ecc, 20, false },
	{ "ecc_quote", command_quote, 20, false },
	{ "rsa_sign", command_sign_rsa, 20, false },
	{ "self_test", command_self_test, 4, false },
	{ "rsa_key", command_make_rsa_key, 10, false },
};

static struct target target[2];
static uint64_t ticks[2][ROUNDS_MAX];
static uint64_t switches[ROUNDS_MAX], exits[ROUNDS_MAX]; /* of the device */

static int usage(FILE *to)
{
	fputs("usage: tpm-latency\n\n"
	      "What TPM commands take at /dev/tpm0, an SVSM's vTPM, and in a process that runs the same engine: a line for each\n"
	      "command, with the medians and the least of both in ticks of the time stamp counter, the ratio of the medians in\n"
	      "thousandths, and the medians of what Nutshell counted for the device: changes of level and exits of VMPL0. Keys\n"
	      "and an NV index (0x1800200) that it needs are made and removed.\n",
	      to);
	return to == stdout ? 0 : 2;
}

static bool build_and_send(struct target *to, void (*build)(struct command *, const struct objects *), struct cost *cost,
                           uint32_t *handle)
{
	static struct command command;

	build(&command, &to->objects);
	return target_send(to, &command, cost, handle);
}

static bool flush(struct target *to, uint32_t handle)
{
	static struct command command;

	command_flush(&command, handle);
	return target_send(to, &command, NULL, NULL);
}

static bool prepare(struct target *to)
{
	return build_and_send(to, command_nv_define, NULL, NULL) && build_and_send(to, command_nv_write, NULL, NULL) &&
	       build_and_send(to, command_create_parent, NULL, &to->objects.parent) &&
	       build_and_send(to, command_create_ecc_key, NULL, &to->objects.ecc_key);
}

/* A TPM holds three objects. The RSA key takes the ECC key's place. */
static bool prepare_rsa(struct target *to)
{
	return flush(to, to->objects.ecc_key) && build_and_send(to, command_load_rsa_key, NULL, &to->objects.rsa_key);
}

static bool clean_up(struct target *to)
{
	return flush(to, to->objects.rsa_key) && flush(to, to->objects.parent) &&
	       build_and_send(to, command_nv_undefine, NULL, NULL);
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* By turns, so that what disturbs the machine disturbs both. */
static bool measure(const struct measured *what)
{
	for (uint32_t round = 0; round < what->rounds; round++) {
		for (uint32_t i = 0; i < 2; i++) {
			struct cost cost;
			uint32_t handle;

			if (!build_and_send(&target[i], what->build, &cost, &handle) ||
			    (what->makes_object && !flush(&target[i], handle)))
				return false;
			ticks[i][round] = cost.ticks;
			if (i == 0) {
				switches[round] = cost.switches;
				exits[round] = cost.exits_vmpl0;
			}
		}
	}
	return true;
}

static uint64_t median_of(uint64_t *value, uint32_t count)
{
	qsort(value, count, sizeof(*value), compare);
	return value[count / 2];
}

static void report(const struct measured *what)
{
	uint64_t median[2];

	for (uint32_t i = 0; i < 2; i++)
		median[i] = median_of(ticks[i], what->rounds);
	printf("latency %s vtpm %llu least %llu process %llu least %llu ratio %llu switches %llu exits %llu\n", what->name,
	       (unsigned long long)median[0], (unsigned long long)ticks[0][0], (unsigned long long)median[1],
	       (unsigned long long)ticks[1][0], (unsigned long long)(median[1] == 0 ? 0 : median[0] * 1000 / median[1]),
	       (unsigned long long)median_of(switches, what->rounds), (unsigned long long)median_of(exits, what->rounds));
}

/* All times of a command whose time is chance. */
static void report_all(const struct measured *what)
{
	for (uint32_t i = 0; i < 2; i++) {
		printf("distribution %s %s", what->name, i == 0 ? "vtpm" : "process");
		for (uint32_t round = 0; round < what->rounds; round++)
			printf(" %llu", (unsigned long long)ticks[i][round]);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	if (argc != 1)
		return usage(argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	if (!target_count())
		puts("this is not Nutshell: no counters");
	if (!target_open_device(&target[0]) || !target_open_process(&target[1]) ||
	    !build_and_send(&target[1], command_startup, NULL, NULL) || !prepare(&target[0]) || !prepare(&target[1]))
		return 1;
	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].build == command_sign_rsa && (!prepare_rsa(&target[0]) || !prepare_rsa(&target[1])))
			return 1;
		if (!measure(&list[i]))
			return 1;
		report(&list[i]);
		fflush(stdout);
	}
	report_all(&list[ARRAY_SIZE(list) - 1]);
	return clean_up(&target[0]) && clean_up(&target[1]) ? 0 : 1;
}
