/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/launch/launch.h"

#define TEXT_SIZE 8192u

static void add(struct command *command, const char *format, ...) __printf_like(2, 3);
static void add(struct command *command, const char *format, ...)
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

static void add_machine(struct command *command, const struct options *options, const struct qemu *qemu)
{
	add(command, "-machine");
	add(command, "q35,confidential-guest-support=sev0,memory-backend=ram0,igvm-cfg=igvm0,kernel-irqchip=split%s",
	    qemu->planes ? ",device-plane=2" : "");
	add(command, "-cpu");
	add(command, "%s", options->cpu);
	add(command, "-smp");
	add(command, "%u", options->cpus);
	add(command, "-m");
	add(command, "%lluM", (unsigned long long)(options->memory / MIB));
	add(command, "-object");
	add(command, "memory-backend-memfd,id=ram0,size=%lluM,share=true,prealloc=false,reserve=false",
	    (unsigned long long)(options->memory / MIB));
	add(command, "-object");
	add(command, "sev-snp-guest,id=sev0,cbitpos=%u,reduced-phys-bits=%u", qemu->c_bit, qemu->reduced_bits);
	add(command, "-object");
	add(command, "igvm-cfg,id=igvm0,file=%s", options->image);
}

static void add_text(void *command, const char *argument)
{
	add(command, "%s", argument);
}

void command_build(struct command *command, const struct options *options, const struct qemu *qemu)
{
	memset(command, 0, sizeof(*command));
	add(command, "%s", options->qemu);
	add(command, "-enable-kvm");
	add_machine(command, options, qemu);
	add(command, "-nodefaults");
	add(command, "-no-reboot");
	add(command, "-vga");
	add(command, "none");
	add(command, "-display");
	add(command, "none");
	add(command, "-serial");
	add(command, "mon:stdio");
	devices_add(&options->devices, NETWORK_USER, add_text, command);
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
