/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/launch/launch.h"

void complain(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("launch: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* The whole list with --check, else only what is wrong. Returns how many are missing. */
static size_t print_checks(const struct checks *checks, bool all)
{
	static const char *const marks[] = { [VERDICT_GOOD] = "yes", [VERDICT_MISSING] = "NO", [VERDICT_UNKNOWN] = "?" };
	FILE *to = all ? stdout : stderr;
	size_t missing = 0;

	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		missing += check->verdict == VERDICT_MISSING;
		if (!all && check->verdict == VERDICT_GOOD)
			continue;
		fprintf(to, "%-4s %s: %s\n", marks[check->verdict], check->what, check->found);
		if (check->remedy != NULL)
			fprintf(to, "     to do: %s\n", check->remedy);
	}
	return missing;
}

static int start(struct command *command)
{
	fflush(NULL);
	execvp(command->argument[0], command->argument);
	complain("cannot start %s: %s", command->argument[0], strerror(errno));
	return LAUNCH_FAILED;
}

static int launch(const struct options *options)
{
	struct checks checks = { .count = 0 };
	struct command command;
	struct qemu qemu;
	size_t missing;
	int status;

	host_check(options->root, &checks);
	qemu_check(options->devices.qemu, &qemu, &checks);
	missing = print_checks(&checks, options->check_only);
	if (options->check_only)
		return missing == 0 ? LAUNCH_OK : LAUNCH_UNFIT;
	if (!host_encryption_bits(options->root, &qemu.c_bit, &qemu.reduced_bits)) {
		qemu.c_bit = 51; /* of all processors with SEV-SNP so far */
		qemu.reduced_bits = 1;
	}
	command_build(&command, options, &qemu);
	if (command.full) {
		complain("QEMU's command line would be too long");
		status = LAUNCH_FAILED;
	} else if (options->devices.dry_run) {
		command_print(&command);
		status = missing == 0 ? LAUNCH_OK : LAUNCH_UNFIT;
	} else if (missing != 0 && !options->devices.force) {
		complain("this host cannot run the image: %zu things are missing (above)", missing);
		status = LAUNCH_UNFIT;
	} else {
		status = start(&command);
	}
	command_free(&command);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int status = options_parse(&options, argc, argv);

	if (status != LAUNCH_OK)
		return status < 0 ? LAUNCH_OK : status;
	return launch(&options);
}
