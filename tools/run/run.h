/* SPDX-License-Identifier: MIT */
/*
 * run.h - run: starts an IGVM image on Nutshell in QEMU and connects the terminal to the guest's serial console.
 *
 * One process, one loop: QEMU is a child whose console, error output and end are watched with poll(). The parts:
 *	options.c  what the user asked for
 *	machine.c  QEMU's command line, start and end
 *	console.c  terminal, console bytes, the loop
 *	firmware.c keys that take OVMF to its shell
 *	script.c   feeds a script to the guest's shell and cuts its output out of the console
 *	report.c   Nutshell's log, what an exit status means, what to do next
 */
#ifndef TOOLS_RUN_RUN_H
#define TOOLS_RUN_RUN_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/types.h"
#include "tools/devices/devices.h"

/* Exit statuses of run. A script's or a payload's own status is passed on instead of RUN_OK. */
#define RUN_OK 0
#define RUN_FAILED 1     /* the guest or the machine ended badly; said on standard error */
#define RUN_USAGE 2      /* bad option or file */
#define RUN_NO_START 125 /* QEMU could not be started */
#define RUN_TIMEOUT 124

struct options {
	const char *nutshell, *image, *script, *log, *attack, *machine_options;
	struct devices devices; /* the guest's machine */
	unsigned timeout;       /* seconds, 0: none */
	bool stats, trace, keep_log, remove_image, icount;
	bool multi_thread; /* of QEMU: one for each processor */
	bool firmware_shell; /* take the firmware to its shell */
	bool reboot, no_reboot; /* as asked for; neither: see options_reboot() */
};

/*
 * Fills *options from the command line and checks files and sizes; RUN_OK, RUN_USAGE, or -1: help was printed.
 * options->image is NULL unless all options were understood.
 */
int options_parse(struct options *options, int argc, char **argv) __must_check;

/* True when a reset of the guest starts it again. */
bool options_reboot(const struct options *options);

struct machine {
	pid_t pid;
	int console_in;  /* to the guest's console; non-blocking */
	int console_out; /* from it */
	int errors;      /* QEMU's standard error */
};

/* Prints QEMU's command line. */
int machine_print(const struct options *options) __must_check;

/* Starts QEMU; RUN_OK, or RUN_NO_START with the reason printed. */
int machine_start(struct machine *machine, const struct options *options) __must_check;
/* Waits for QEMU's end; its wait status. */
int machine_wait(struct machine *machine);
/* Ends QEMU: asks, and insists after a second. */
void machine_kill(struct machine *machine);

/* How the loop ended. */
enum console_end { CONSOLE_CLOSED, CONSOLE_TIMEOUT, CONSOLE_QUIT };

struct console_result {
	enum console_end end;
	bool panic;         /* the guest's kernel said that it panicked */
	bool prompt_seen;   /* a shell prompt appeared */
	uint64_t prompt_ms; /* ... the first this long after the start */
	int script_status;  /* -1: no script, or it did not come to its end */
	char last[2048];    /* the last that the console showed */
	size_t last_size;
};

struct script;

/* Runs until QEMU closes the console, the time is over or the user quits. script may be NULL. */
void console_run(struct machine *machine, const struct options *options, struct script *script,
                 struct console_result *result);

/* NULL with the reason printed when the file cannot be read. */
struct script *script_open(const char *path);
/* The script is run again each time that the guest has been reset and has started. */
void script_at_every_start(struct script *script);
/* Console bytes in; writes what belongs to the script's output to standard output. */
void script_output(struct script *script, const char *bytes, size_t size);
/* A shell prompt was seen: *text is what to type next, *size its length; size 0: nothing. */
void script_prompt(struct script *script, const char **text, size_t *size);
/* True once, when the guest waits for the script itself: *text and *size are what to type. */
bool script_ready(struct script *script, const char **text, size_t *size);
/* The script's exit status once it ended, else -1. */
int script_status(const struct script *script);
void script_close(struct script *script);

/*
 * Takes OVMF to its shell: newer builds start it from their boot menu only. Follows the console; returns what to type
 * now, or NULL.
 */
const char *firmware_byte(char c);

/* One line of QEMU's standard error: printed unless it is noise. */
void report_qemu_line(const char *line);
/* Explains the end on standard error, prints the statistics, and gives run's own exit status. */
int report_end(const struct options *options, const struct console_result *result, int wait_status);

/* "run: " and the message on standard error. */
void complain(const char *format, ...) __printf_like(1, 2);

#endif
