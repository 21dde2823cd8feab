/* SPDX-License-Identifier: MIT */
/* command.h - QEMU's command line under construction. */
#ifndef TOOLS_DEVICES_COMMAND_H
#define TOOLS_DEVICES_COMMAND_H

#include "lib/types.h"

#define ARGUMENTS_MAX 128u

struct command {
	char *argument[ARGUMENTS_MAX + 1]; /* ends with NULL */
	size_t count;
	bool full; /* something did not fit, or there was no memory */
};

/* One argument. */
void command_add(struct command *command, const char *format, ...) __printf_like(2, 3);
/* One argument that ends with text of any kind in an option of QEMU's: commas stand twice. */
void command_add_text(struct command *command, const char *before, const char *text);
/* One line that a shell takes, on standard output. */
void command_print(const struct command *command);
void command_free(struct command *command);

#endif
