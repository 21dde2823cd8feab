/* SPDX-License-Identifier: MIT */
/* The loop between terminal and guest. Bytes to the guest wait in a queue, for the guest reads slowly. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/run/run.h"

#define PROMPT_QUIET_MS 150 /* a line that looks like a prompt is one when nothing follows for this time */
#define KEY_ESCAPE 0x01     /* Ctrl-A */
#define QUEUE_MOST (512ull * 1024u)

struct console {
	struct machine *machine;
	const struct options *options;
	struct script *script;
	struct console_result *result;
	struct termios saved;
	bool raw, interactive, stdin_open, escape, prompt;
	char queue[QUEUE_MOST]; /* to the guest */
	size_t queue_size;
	char typed[8192]; /* from standard input, when that is no terminal: waits for prompts */
	size_t typed_size;
	char line[512]; /* the console's last line, its end when it is longer, without escape sequences */
	size_t line_size;
	bool in_sequence;
	uint64_t started_ms;
	char error_line[512];
	size_t error_size;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void terminal_raw(struct console *console)
{
	struct termios raw;

	if (!console->interactive || tcgetattr(STDIN_FILENO, &console->saved) != 0)
		return;
	raw = console->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* messages of our own still start at the left margin */
	console->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void terminal_restore(struct console *console)
{
	if (console->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &console->saved);
	console->raw = false;
}

static void enqueue(struct console *console, const char *bytes, size_t size)
{
	if (size > QUEUE_MOST - console->queue_size)
		size = QUEUE_MOST - console->queue_size;
	memcpy(console->queue + console->queue_size, bytes, size);
	console->queue_size += size;
}

static void send_queue(struct console *console)
{
	ssize_t sent = write(console->machine->console_in, console->queue, console->queue_size);

	if (sent > 0) {
		console->queue_size -= (size_t)sent;
		memmove(console->queue, console->queue + sent, console->queue_size);
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		console->queue_size = 0; /* QEMU is gone; the console's end tells the loop */
	}
}

/* Remembers the end of the output, for messages when something goes wrong. */
static void remember(struct console_result *result, const char *bytes, size_t size)
{
	size_t room = sizeof(result->last);

	if (size >= room) {
		memcpy(result->last, bytes + (size - room), room);
		result->last_size = room;
		return;
	}
	if (result->last_size + size > room) {
		size_t drop = result->last_size + size - room;

		memmove(result->last, result->last + drop, result->last_size - drop);
		result->last_size -= drop;
	}
	memcpy(result->last + result->last_size, bytes, size);
	result->last_size += size;
}

/* Whether TEXT begins as the kernel's messages do, "[   12.345678] ", as far as it goes. */
static bool is_kernel_time(const char *text)
{
	size_t spaces, seconds;

	if (*text++ != '[')
		return false;
	spaces = strspn(text, " ");
	seconds = strspn(text + spaces, "0123456789");
	text += spaces + seconds;
	if (*text == '\0')
		return true;
	if (seconds == 0 || *text++ != '.')
		return false;
	seconds = strspn(text, "0123456789");
	return text[seconds] == '\0' || (seconds == 6 && text[seconds] == ']');
}

/* The size of the line in front of a message of the kernel that came into it. */
static size_t size_without_message(const char *line, size_t size)
{
	for (size_t i = 1; i < size; i++) {
		if (is_kernel_time(line + i))
			return i;
	}
	return size;
}

/* Follows the console's last line; true when the byte belongs to an escape sequence for terminals. */
static bool line_byte(struct console *console, char c)
{
	size_t kept;

	if (console->in_sequence) {
		console->in_sequence = c == '[' || c == ';' || c == '?' || (c >= '0' && c <= '9');
		return true;
	}
	if (c == '\x1b') {
		console->in_sequence = true;
		return true;
	}
	if (c == '\n') {
		console->line[console->line_size] = '\0';
		if (strstr(console->line, "Kernel panic - not syncing") != NULL)
			console->result->panic = true;
		/* What a message of the kernel came into goes on behind it. */
		kept = size_without_message(console->line, console->line_size);
		console->line_size = kept == console->line_size ? 0 : kept;
	} else if (c != '\r') {
		if (console->line_size == sizeof(console->line) - 1) {
			memmove(console->line, console->line + 1, console->line_size - 1);
			console->line_size--;
		}
		console->line[console->line_size++] = c;
	}
	return false;
}

/* The UEFI shell's: "Shell> " or, with a file system, "FS0:\\> ". */
static bool looks_like_firmware_prompt(const struct console *console)
{
	const char *line = console->line;
	size_t size = console->line_size;

	return size >= 6 && memcmp(line + size - 2, "> ", 2) == 0 &&
	       ((size == 7 && memcmp(line, "Shell", 5) == 0) || (memcmp(line, "FS", 2) == 0 && line[3] == ':'));
}

static bool looks_like_prompt(struct console *console)
{
	const char *line = console->line;
	size_t size;

	console->line[console->line_size] = '\0';
	size = size_without_message(line, console->line_size);
	if ((size == 2 && memcmp(line, "> ", 2) == 0) || looks_like_firmware_prompt(console))
		return true;
	return size >= 2 && (line[size - 2] == '#' || line[size - 2] == '$') && line[size - 1] == ' ';
}

/* Up to the next line that was not typed by a person, or "exit" when there are no more. */
static void type_line(struct console *console)
{
	char *newline = memchr(console->typed, '\n', console->typed_size);
	size_t size = newline != NULL ? (size_t)(newline - console->typed) + 1 : console->typed_size;
	bool firmware = looks_like_firmware_prompt(console); /* its Enter key is a carriage return */

	if (newline == NULL && console->stdin_open && size < sizeof(console->typed))
		return; /* the rest of the line is still to come */
	if (size == 0) {
		const char *end = firmware ? "reset -s\r" : "exit\n";

		enqueue(console, end, strlen(end));
	} else {
		enqueue(console, console->typed, newline != NULL ? size - 1 : size);
		enqueue(console, firmware ? "\r" : "\n", 1);
		console->typed_size -= size;
		memmove(console->typed, console->typed + size, console->typed_size);
	}
	console->prompt = false;
	console->line_size = 0;
}

static void at_prompt(struct console *console)
{
	const char *text;
	size_t size;

	if (!console->result->prompt_seen)
		console->result->prompt_ms = now_ms() - console->started_ms;
	console->result->prompt_seen = true;
	if (console->script != NULL) {
		script_prompt(console->script, &text, &size);
		enqueue(console, text, size);
	} else if (!console->interactive) {
		type_line(console);
	}
}

/* False at the end of the console: QEMU has ended. */
static bool from_guest(struct console *console)
{
	char bytes[4096];
	const char *text;
	size_t size;
	ssize_t got = read(console->machine->console_out, bytes, sizeof(bytes));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got <= 0)
		return false;
	console->prompt = false;
	remember(console->result, bytes, (size_t)got);
	for (ssize_t i = 0; i < got; i++) {
		bool for_terminal = line_byte(console, bytes[i]) || bytes[i] == '\r';
		const char *keys = console->options->firmware_shell ? firmware_byte(bytes[i]) : NULL;

		if (keys != NULL)
			enqueue(console, keys, strlen(keys));

		if (console->script == NULL && (console->interactive || !for_terminal))
			putchar(bytes[i]);
	}
	fflush(stdout);
	if (console->script != NULL) {
		script_output(console->script, bytes, (size_t)got);
		if (script_ready(console->script, &text, &size))
			enqueue(console, text, size);
	}
	return true;
}

/* False when the user asks to quit. */
static bool key(struct console *console, char c)
{
	if (!console->escape && c == KEY_ESCAPE) {
		console->escape = true;
		return true;
	}
	if (console->escape) {
		console->escape = false;
		if (c == 'x' || c == 'X')
			return false;
		if (c != KEY_ESCAPE)
			return true;
	}
	enqueue(console, &c, 1);
	return true;
}

static bool from_user(struct console *console)
{
	char bytes[1024];
	size_t room = sizeof(console->typed) - console->typed_size;
	ssize_t got;

	if (console->interactive) {
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
		for (ssize_t i = 0; i < got; i++) {
			if (!key(console, bytes[i]))
				return false;
		}
	} else {
		got = read(STDIN_FILENO, console->typed + console->typed_size, room);
		if (got > 0)
			console->typed_size += (size_t)got;
	}
	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		console->stdin_open = false;
	return true;
}

static bool from_errors(struct console *console)
{
	char c[512];
	ssize_t got = read(console->machine->errors, c, sizeof(c));

	for (ssize_t i = 0; i < got; i++) {
		bool full = console->error_size == sizeof(console->error_line) - 1;

		if (c[i] != '\n' && !full) {
			console->error_line[console->error_size++] = c[i];
			continue;
		}
		console->error_line[console->error_size] = '\0';
		console->error_size = 0;
		report_qemu_line(console->error_line);
	}
	return got > 0 || (got < 0 && errno == EINTR);
}

static int wait_ms(struct console *console, uint64_t deadline)
{
	uint64_t now = now_ms(), left = deadline > now ? deadline - now : 0;

	if (deadline == 0 || left > 1000000)
		left = 1000000;
	if (looks_like_prompt(console) && !console->prompt && left > PROMPT_QUIET_MS)
		left = PROMPT_QUIET_MS;
	return (int)left;
}

/* What to watch: console, errors, the user, and room for the queue. Closed or unwanted ones are negative: ignored. */
static void watch(const struct console *console, struct pollfd watched[4])
{
	bool want_user = console->stdin_open && console->script == NULL &&
	                 (console->interactive ? console->queue_size < QUEUE_MOST / 2
	                                       : console->typed_size < sizeof(console->typed));

	watched[0] = (struct pollfd){ console->machine->console_out, POLLIN, 0 };
	watched[1] = (struct pollfd){ console->machine->errors, POLLIN, 0 };
	watched[2] = (struct pollfd){ want_user ? STDIN_FILENO : -1, POLLIN, 0 };
	watched[3] = (struct pollfd){ console->queue_size > 0 ? console->machine->console_in : -1, POLLOUT, 0 };
}

/* One turn; false when it is over, and result->end says how. */
static bool turn(struct console *console, uint64_t deadline)
{
	struct pollfd watched[4];
	int ready;

	watch(console, watched);
	ready = poll(watched, 4, wait_ms(console, deadline));
	if (interrupted) {
		console->result->end = CONSOLE_QUIT;
		return false;
	}
	if (deadline != 0 && now_ms() >= deadline) {
		console->result->end = CONSOLE_TIMEOUT;
		return false;
	}
	if (ready == 0 && looks_like_prompt(console))
		console->prompt = true;
	if (watched[1].revents != 0 && !from_errors(console))
		console->machine->errors = -1;
	if (watched[2].revents != 0 && !from_user(console)) {
		console->result->end = CONSOLE_QUIT;
		return false;
	}
	if (watched[3].revents != 0)
		send_queue(console);
	if (watched[0].revents != 0 && !from_guest(console))
		return false;
	if (console->prompt)
		at_prompt(console);
	return true;
}

void console_run(struct machine *machine, const struct options *options, struct script *script,
                 struct console_result *result)
{
	static struct console console;
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t deadline = options->timeout != 0 ? now_ms() + options->timeout * 1000ull : 0;

	*result = (struct console_result){ .end = CONSOLE_CLOSED, .script_status = -1 };
	console.started_ms = now_ms();
	console.machine = machine;
	console.options = options;
	console.script = script;
	console.result = result;
	console.interactive = script == NULL && isatty(STDIN_FILENO);
	console.stdin_open = true;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	terminal_raw(&console);
	while (turn(&console, deadline))
		;
	terminal_restore(&console);
	if (result->end != CONSOLE_CLOSED)
		machine_kill(machine);
	while (machine->errors >= 0 && from_errors(&console))
		;
	if (script != NULL)
		result->script_status = script_status(script);
}
