/* SPDX-License-Identifier: MIT */
#include "abi/nutshell.h"
#include "lib/format.h"
#include "nutshell/asm.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define DEBUG_CONSOLE_PORT 0xE9u
#define PM1_CONTROL_PORT 0x604u
#define PM1_SLEEP_S5 0x2000u
#define LINE_MAX 300u

static void write_line(const char *format, va_list arguments)
{
	char text[LINE_MAX];
	size_t length = format_text(text, sizeof(text) - 1, "nutshell: ");

	length += format_text_v(text + length, sizeof(text) - 1 - length, format, arguments);
	text[length++] = '\n';
	for (size_t i = 0; i < length; i++)
		asm_out8(DEBUG_CONSOLE_PORT, (uint8_t)text[i]);
}

void machine_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void machine_trace(const char *format, ...)
{
	va_list arguments;

	if (!machine_trace_enabled)
		return;
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

static void halt(void) __noreturn;
static void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void machine_stop(unsigned status, const char *format, ...)
{
	va_list arguments;

	attack_report();
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
	if (options.stats)
		stats_print();
	asm_out8(NUTSHELL_DEBUG_EXIT_PORT, (uint8_t)status);
	halt();
}

void machine_power_off(void)
{
	attack_report();
	machine_log("the guest switched the machine off");
	if (options.stats)
		stats_print();
	asm_out16(PM1_CONTROL_PORT, PM1_SLEEP_S5);
	halt();
}
