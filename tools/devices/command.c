/* SPDX-License-Identifier: MIT */
#include "tools/devices/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 8192u

void command_add(struct command *command, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(text) || command->count == ARGUMENTS_MAX) {
		command->full = true;
		return;
	}
	command->argument[command->count] = strdup(text);
	if (command->argument[command->count] == NULL)
		command->full = true;
	else
		command->argument[++command->count] = NULL;
}

void command_add_text(struct command *command, const char *before, const char *text)
{
	char escaped[TEXT_SIZE];
	size_t size = 0;

	for (; *text != '\0'; text++) {
		if (size + 3 > sizeof(escaped)) {
			command->full = true;
			return;
		}
		if (*text == ',')
			escaped[size++] = ',';
		escaped[size++] = *text;
	}
	escaped[size] = '\0';
	command_add(command, "%s%s", before, escaped);
}

static bool is_plain(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
						    "%+,-./:=@_")] == '\0';
}

static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

void command_print(const struct command *command)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i != 0)
			putchar(' ');
		if (is_plain(command->argument[i]))
			fputs(command->argument[i], stdout);
		else
			print_quoted(command->argument[i]);
	}
	putchar('\n');
}

void command_free(struct command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->argument[i]);
	memset(command, 0, sizeof(*command));
}
