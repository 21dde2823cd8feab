/* SPDX-License-Identifier: MIT */
/*
 * The monitor's messages: the ring and the lines in it. Formatting answers what lib/format.h says, and proofs/format shows.
 */
#include "proofs/prover.h"

#include "kernel/platform/log.h"
#undef LOG_RING_SIZE
#undef LOG_LINE_MAX
#define LOG_RING_SIZE 16u
#ifdef SHORT
#define LOG_LINE_MAX 12u
#else
#define LOG_LINE_MAX 160u
#endif

#include "kernel/platform/log.c"

static const char *written_text;
static size_t written_length;
static uint16_t written_port;
static uint32_t writes, lines, formats;
static uint8_t end_code;  /* that is to be told */
static bool second_wanted, second_panic; /* while the first is being told of */

void platform_console_write(uint16_t port, const char *text, size_t length)
{
	writes++;
	written_port = port;
	written_text = text;
	written_length = length;
}

void platform_terminate(uint8_t code)
{
	PROVE(code == end_code, "with the reason that was named");
	PROVE(lines == (second_panic ? 0 : 1), "the reason is in the log when the VM ends, but for one that comes while it is written");
	ASSUME(false);
}

/* Up to size - 1 characters, ended by NUL. */
static size_t any_formatted(char *buffer, size_t size)
{
	size_t length = any_u8(), at = any_u8();

	PROVE(size >= 1 && __CPROVER_w_ok(buffer, size), "there is room for a text");
	ASSUME(length < size && at <= length);
	buffer[at] = (char)(any_u8() & 0x7Fu);
	buffer[length] = '\0';
	formats++;
	return length;
}

static const char *prefix_given, *format_given;

size_t format_text(char *buffer, size_t size, const char *format, ...)
{
	PROVE(formats == 0 && format[0] == '%' && format[1] == 's' && format[2] == '\0', "first the prefix, as it stands");
	return any_formatted(buffer, size);
}

size_t format_text_v(char *buffer, size_t size, const char *format, va_list arguments)
{
	PROVE(formats == 1 && format == format_given, "then the message");
	return any_formatted(buffer, size);
}

/* ---- the ring ---- */

void prove_emit(void)
{
	char text[LOG_LINE_MAX + 2u], before;
	size_t length = any_u8(), at = any_u8(), place = any_u8();
	uint64_t first = any_u64();

	__CPROVER_havoc_object(ring);
	ASSUME(length <= sizeof(text) && first <= UINT64_MAX - sizeof(text) && place < LOG_RING_SIZE);
	ring_next = first;
	before = ring[place];
	console = any_bool();
	console_port = any_u16();
	writes = 0;
	emit(text, length);
	PROVE(ring_next == first + length, "the next line goes behind this one");
	PROVE((place + LOG_RING_SIZE - first % LOG_RING_SIZE) % LOG_RING_SIZE < length || ring[place] == before, "nothing else is overwritten");
	PROVE(writes == (console ? 1u : 0u), "the console gets it only when that is allowed");
	if (console)
		PROVE(written_text == text && written_length == length && written_port == console_port, "all of it");
	CANARY("emitted");
	ASSUME(at < length);
	PROVE(ring[(first + at) % LOG_RING_SIZE] == text[at], "each character is in the ring, in order");
}

/* ---- lines ---- */

void stub_emit(const char *text, size_t length)
{
	PROVE(formats == 2, "a line is a prefix and a message");
	PROVE(length >= 2 && length <= LOG_LINE_MAX + 1u && __CPROVER_r_ok(text, length), "a line is cut at its bound");
	PROVE(text[length - 2u] == '\r' && text[length - 1u] == '\n', "and ends as one");
	PROVE(log_lock.taken == 1, "no two lines mix");
	lines++;
	CANARY("a line");
}

void stub_line(const char *prefix, const char *format, va_list arguments)
{
	prefix_given = prefix;
	PROVE(format_given == NULL || format == format_given, "the message that was given");
	PROVE(prefix[0] == 'c' && prefix[6] == ':' && prefix[7] == ' ', "with the monitor's name");
	PROVE(log_lock.taken == 0, "the lock is free");
	if (second_wanted && !second_panic) {
		struct trap_frame frame;

		/* There may be no memory left to write with. */
		second_panic = true;
		end_code = TERMINATE_MEMORY_STATE;
		trap_unexpected(&frame, any_u64());
	}
	lines++;
}

void prove_line(void)
{
	va_list arguments;

	formats = lines = 0;
	log_lock.taken = 0;
	format_given = "message";
	line("cashew: ", format_given, arguments);
	PROVE(lines == 1 && log_lock.taken == 0, "one line, and the lock is free");
	CANARY("written");
}

void prove_line_message(void)
{
	lines = 0;
	log_lock.taken = 0;
	format_given = "message";
	log_line(format_given, any_u64());
	PROVE(lines == 1 && prefix_given[8] == '\0', "one line");
	CANARY("written");
}

void prove_panic(void)
{
	lines = 0;
	log_lock.taken = any_bool() ? 1 : 0; /* by the code that failed */
	format_given = "message";
	end_code = any_u8();
	if (log_lock.taken != 0)
		CANARY("with the lock held");
	log_panic(end_code, format_given, any_u64());
}

void prove_unexpected(void)
{
	struct trap_frame frame;

	lines = 0;
	format_given = NULL;
	/* #VC with the code for a page that is not validated: the host's doing. Everything else is a fault of the monitor's. */
	end_code = frame.vector == 29 && frame.error == 0x404 ? TERMINATE_MEMORY_STATE : TERMINATE_PANIC;
	if (end_code == TERMINATE_PANIC)
		CANARY("a fault");
	else
		CANARY("the host's");
	second_wanted = any_bool();
	if (second_wanted)
		CANARY("a second one");
	trap_unexpected(&frame, any_u64());
}

void prove_console(void)
{
	uint16_t port = any_u16();

	PROVE(!console, "off at first");
	log_enable_console(port);
	PROVE(console && console_port == port, "on, at this port");
	CANARY("on");
}
