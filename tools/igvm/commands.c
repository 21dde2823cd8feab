/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "lib/types.h"
#include "util.h"

static const struct {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "build", "make an image from the monitor and a guest", command_build },
	{ "inspect", "show what an image holds, and its launch digest", command_inspect },
	{ "measure", "compute the launch digest for the hosts that may launch an image", command_measure },
	{ "policy", "show or change the policy page of an image", command_policy },
	{ "sign", "add an ID block and its authentication to an image", command_sign },
	{ "diff", "tell in what two images differ, and why their digests do", command_diff },
	{ "extract", "write contents of an image to files", command_extract },
};

static void print_usage(void)
{
	fputs("usage: igvm COMMAND [ARGUMENT...]\n\n"
	      "Images of confidential virtual machines in the IGVM format.\n\n"
	      "commands:\n",
	      stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'igvm COMMAND --help' explains a command. Exit status: 0 done, 1 failed; of diff: 2 the images differ.\n", stdout);
}

int command_run(int argc, char **argv)
{
	if (argc < 2) {
		report("no command given; 'igvm --help' lists them");
		return STATUS_FAILED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage();
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	report("unknown command '%s'; 'igvm --help' lists them", argv[1]);
	return STATUS_FAILED;
}
