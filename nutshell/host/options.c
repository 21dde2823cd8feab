/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/host/host.h"
#include "nutshell/start.h"

#define C_BIT_DEFAULT 47u
#define C_BIT_NARROW 39u

struct options options = { .features = GHCB_FEATURE_SNP | GHCB_FEATURE_AP_CREATION | GHCB_FEATURE_MULTI_VMPL |
				       GHCB_FEATURE_APIC_ID_LIST };
bool machine_trace_enabled;
bool machine_without_invlpgb;

uint32_t machine_c_bit(void)
{
	return options.c_bit;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool options_number(const char *text, size_t length, uint64_t *value)
{
	uint64_t base = 10;

	*value = 0;
	if (length > 2 && text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
		length -= 2;
	}
	for (size_t i = 0; i < length; i++) {
		uint64_t digit = (uint64_t)digit_of(text[i]);

		if (digit >= base || __builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return false;
	}
	return length > 0;
}

static bool is_option(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && strncmp(text, name, length) == 0;
}

static bool parse_ram(const char *text, size_t length, uint64_t *mib)
{
	return length > 4 && strncmp(text, "ram=", 4) == 0 && options_number(text + 4, length - 4, mib) && *mib <= RAM_MIB_MAX;
}

static bool parse_one(const char *text, size_t length)
{
	uint64_t number;

	if (is_option(text, length, "stats"))
		options.stats = true;
	else if (is_option(text, length, "trace"))
		machine_trace_enabled = true;
	else if (is_option(text, length, "reboot"))
		options.reboot = true;
	else if (is_option(text, length, "no-invlpgb"))
		machine_without_invlpgb = true;
	else if (length > 6 && strncmp(text, "c-bit=", 6) == 0 && options_number(text + 6, length - 6, &number) &&
		 number <= UINT32_MAX)
		options.c_bit = (uint32_t)number;
	else if (is_option(text, length, "no-dma"))
		options.no_dma = true;
	else if (parse_ram(text, length, &number))
		return true; /* boot/main.c has asked options_ram() */
	else if (length > 10 && strncmp(text, "parameter=", 10) == 0 && options_number(text + 10, length - 10, &number) &&
		 number <= UINT32_MAX)
		options.parameter = (uint32_t)number;
	else if (length > 9 && strncmp(text, "features=", 9) == 0 && options_number(text + 9, length - 9, &number))
		options.features = number;
	else if (is_option(text, length, "no-timer"))
		options.no_timer = true;
	else if (length > 10 && strncmp(text, "interrupt=", 10) == 0 && options_number(text + 10, length - 10, &number) &&
		 number >= 32 && number <= 255)
		options.interrupt = number;
	else if (length > 5 && strncmp(text, "busy=", 5) == 0 && options_number(text + 5, length - 5, &number) &&
		 number <= UINT32_MAX)
		options.busy = (uint32_t)number;
	else
		return false;
	return true;
}

static void choose_c_bit(void)
{
	uint32_t out[4], width;

	asm_cpuid(0x80000008u, 0, out);
	width = out[0] & 0xFFu;
	if (options.c_bit == 0)
		options.c_bit = width > C_BIT_DEFAULT ? C_BIT_DEFAULT : C_BIT_NARROW;
	if (options.c_bit < 36 || options.c_bit > C_BIT_DEFAULT || options.c_bit >= width)
		machine_stop(STOP_LAUNCH, "C-bit %u does not fit: QEMU's processor has %u address bits "
			     "(-cpu ...,phys-bits=52 gives more); 39 and 47 work", options.c_bit, width);
}

/* Moves to the next word; its length, 0 when there is none. */
static size_t find_word(const char **at)
{
	size_t length = 0;

	while (**at == ' ')
		(*at)++;
	while ((*at)[length] != '\0' && (*at)[length] != ' ')
		length++;
	return length;
}

uint64_t options_ram(const char *command_line)
{
	size_t length = find_word(&command_line);
	uint64_t mib = 0;

	do {
		command_line += length;
		length = find_word(&command_line);
	} while (length != 0 && !parse_ram(command_line, length, &mib));
	return length != 0 ? mib << 20 : 0;
}

void options_parse(const char *command_line)
{
	size_t length = find_word(&command_line); /* the name of Nutshell's own file */

	for (;;) {
		command_line += length;
		length = find_word(&command_line);
		if (length == 0)
			break;
		if (!parse_one(command_line, length))
			machine_stop(STOP_LAUNCH, "unknown option \"%s\"; known are stats, trace, reboot, no-invlpgb, no-dma, ram=MIB, "
				     "parameter=N, c-bit=N, features=N, busy=N, no-timer, interrupt=N", command_line);
	}
	choose_c_bit();
}
