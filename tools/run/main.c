/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/run/run.h"

/* Nutshell's log is a file that QEMU writes; one of our own unless the user wants to keep it. */
static int choose_log(struct options *options, char *path, size_t size)
{
	const char *directory = getenv("TMPDIR");
	int file;

	if (options->log != NULL)
		return RUN_OK;
	snprintf(path, size, "%s/nutshell-XXXXXX", directory != NULL ? directory : "/tmp");
	file = mkstemp(path);
	if (file < 0) {
		complain("cannot make a file in %s: %s. Set TMPDIR to a folder that can be written",
		         directory != NULL ? directory : "/tmp", strerror(errno));
		return RUN_FAILED;
	}
	close(file);
	options->log = path;
	return RUN_OK;
}

static int run(const struct options *options, struct script *script)
{
	static struct console_result result;
	struct machine machine;
	int status = machine_start(&machine, options);

	if (status != RUN_OK)
		return status;
	console_run(&machine, options, script, &result);
	return report_end(options, &result, machine_wait(&machine));
}

static int run_with_options(struct options *options)
{
	struct script *script = NULL;
	char log_path[4096];
	int status;

	if (options->script != NULL) {
		script = script_open(options->script);
		if (script == NULL)
			return RUN_USAGE;
		if (options_reboot(options))
			script_at_every_start(script);
	}
	status = choose_log(options, log_path, sizeof(log_path));
	if (status == RUN_OK)
		status = options->devices.dry_run ? machine_print(options) : run(options, script);
	if (options->log != NULL && !options->keep_log)
		unlink(options->log);
	if (options->log == log_path)
		options->log = NULL;
	if (script != NULL)
		script_close(script);
	return status;
}

/*
 * QEMU's emulated processors show the time stamp counter of this one, and a guest that is told its rate need not
 * measure it (tsc_early_khz=). Measured here against the system's clock, to 1 MHz, so that it stays the same.
 */
static int print_tsc_rate(void)
{
	struct timespec begin, end, pause = { .tv_nsec = 50000000 };
	uint64_t ticks, nanoseconds;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &begin);
	ticks = __builtin_ia32_rdtsc();
	nanosleep(&pause, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &end);
	ticks = __builtin_ia32_rdtsc() - ticks;
	nanoseconds = (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000u + (uint64_t)end.tv_nsec -
	              (uint64_t)begin.tv_nsec;
	ticks = (ticks * 1000u + nanoseconds / 2) / nanoseconds * 1000u;
	printf("%llu\n", (unsigned long long)ticks);
	return RUN_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	if (argc == 2 && strcmp(argv[1], "--tsc") == 0)
		return print_tsc_rate();
	if (argc == 3 && strcmp(argv[1], "--icount") == 0 && strcmp(argv[2], "--tsc") == 0) {
		puts("1000000"); /* a tick an instruction, an instruction a nanosecond */
		return RUN_OK;
	}
	status = options_parse(&options, argc, argv);
	if (status == RUN_OK)
		status = run_with_options(&options);
	if (options.remove_image && options.image != NULL)
		unlink(options.image);
	return status < 0 ? RUN_OK : status;
}
