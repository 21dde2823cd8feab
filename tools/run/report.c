/* SPDX-License-Identifier: MIT */
/* What is said at the end: Nutshell's log, the meaning of exit statuses, what to do next. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tools/run/run.h"

#define NUTSHELL_PREFIX "nutshell: "
#define NUTSHELL_POWER_OFF "switched the machine off" /* in its last line when a guest did that */
#define NUTSHELL_STATS NUTSHELL_PREFIX "stats: "
#define PAYLOAD_STATUS_BASE 64 /* isa-debug-exit value = this + the payload's status (abi/nutshell.h) */

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("run: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void report_qemu_line(const char *line)
{
	static const char *const noise[] = {
		"TCG doesn't support requested feature", /* the model has more than QEMU emulates; Nutshell copes */
		"failed to open module",                 /* modules of another QEMU version that is installed too */
		"terminating on signal",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(noise); i++) {
		if (strstr(line, noise[i]) != NULL)
			return;
	}
	if (line[0] != '\0')
		fprintf(stderr, "qemu: %s\n", line);
}

/* Calls print for each line of Nutshell's log; false when there is no log. */
static bool log_lines(const char *path, void (*print)(const char *line, void *context), void *context)
{
	char line[1024];
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		print(line, context);
	}
	(void)fclose(file);
	return true;
}

struct reason {
	char text[1024];
};

static bool starts_with(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

/* Nutshell's last line before its statistics says why it stopped. */
static void find_reason(const char *line, void *context)
{
	struct reason *reason = context;

	if (starts_with(line, NUTSHELL_PREFIX) && !starts_with(line, NUTSHELL_STATS))
		snprintf(reason->text, sizeof(reason->text), "%s", line + strlen(NUTSHELL_PREFIX));
}

static void print_stats_line(const char *line, void *context)
{
	if (starts_with(line, NUTSHELL_STATS))
		fprintf(context, "%s\n", line + strlen(NUTSHELL_STATS));
}

static void print_last_output(const struct console_result *result)
{
	const char *from = result->last;
	size_t size = result->last_size;

	if (size == 0) {
		fputs("(the guest's console showed nothing)\n", stderr);
		return;
	}
	fputs("The last that the guest's console showed:\n", stderr);
	for (size_t i = 0; i < size; i++) {
		if (from[i] != '\r')
			fputc(from[i], stderr);
	}
	if (from[size - 1] != '\n')
		fputc('\n', stderr);
}

static void explain_stop(const struct reason *reason, unsigned value)
{
	static const char *const kinds[] = {
		"stopped",
		"stopped",
		"could not start the image",
		"the guest or the monitor asked to be terminated",
		"a memory access that the machine had to refuse",
		"a virtual processor of the guest died",
		"an error in Nutshell itself",
	};

	complain("%s%s%s", value < ARRAY_SIZE(kinds) ? kinds[value] : "the machine stopped",
	         reason->text[0] != '\0' ? ": " : "", reason->text);
}

static int explain_exit(const struct options *options, const struct console_result *result, int status)
{
	unsigned value = (unsigned)status >> 1;
	struct reason reason = { "" };

	(void)log_lines(options->log, find_reason, &reason);
	if (status == 1 && reason.text[0] == '\0') {
		complain("QEMU did not start the machine. It says why above; './cashew setup' installs a QEMU that works");
		return RUN_NO_START;
	}
	if (result->panic) {
		complain("the guest's kernel panicked");
		return RUN_FAILED;
	}
	if (status == 1) {
		complain("%s", reason.text); /* a reset, which ends the machine */
		return RUN_OK;
	}
	if ((status & 1) != 0 && value >= PAYLOAD_STATUS_BASE)
		return (int)value - PAYLOAD_STATUS_BASE;
	if ((status & 1) != 0) {
		explain_stop(&reason, value);
		return RUN_FAILED;
	}
	if (status != 0) {
		complain("QEMU ended with status %d", status);
		return RUN_FAILED;
	}
	if (strstr(reason.text, NUTSHELL_POWER_OFF) == NULL) {
		complain("QEMU ended although nobody switched the machine off: Nutshell crashed. Its last line: %s",
		         reason.text[0] != '\0' ? reason.text : "(none)");
		return RUN_FAILED;
	}
	return RUN_OK;
}

static int explain_end(const struct options *options, const struct console_result *result, int wait_status)
{
	if (result->end == CONSOLE_TIMEOUT) {
		complain("no end after %u seconds, stopped. --timeout sets the time", options->timeout);
		return RUN_TIMEOUT;
	}
	if (result->end == CONSOLE_QUIT) {
		complain("stopped on your request");
		return RUN_FAILED;
	}
	if (WIFSIGNALED(wait_status)) {
		complain("QEMU was ended by signal %d", WTERMSIG(wait_status));
		return RUN_FAILED;
	}
	return explain_exit(options, result, WEXITSTATUS(wait_status));
}

int report_end(const struct options *options, const struct console_result *result, int wait_status)
{
	int status = explain_end(options, result, wait_status);

	if (options->script != NULL) {
		if (status == RUN_OK && result->script_status >= 0) {
			status = result->script_status;
		} else {
			if (status == RUN_OK) {
				complain(result->prompt_seen ? "the machine was switched off before the script ended"
				                             : "the guest ended without a shell prompt");
				status = RUN_FAILED;
			}
			print_last_output(result);
		}
	}
	if (options->stats) {
		if (!log_lines(options->log, print_stats_line, stderr))
			complain("Nutshell left no log");
		if (result->prompt_seen)
			fprintf(stderr, "first shell prompt after %llu.%llu s\n",
			        (unsigned long long)(result->prompt_ms / 1000),
			        (unsigned long long)(result->prompt_ms % 1000 / 100));
	}
	return status;
}
