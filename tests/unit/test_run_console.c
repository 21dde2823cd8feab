/* SPDX-License-Identifier: MIT */
/* When the loop between terminal and guest takes the guest to wait for input. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/run/run.h"

static struct console_result result;

/* A guest that prints this, waits for a line, prints it as "got LINE", and ends. */
static void guest(const char *prints, int input, int output)
{
	char line[64];
	ssize_t size;

	if (write(output, prints, strlen(prints)) < 0)
		_exit(1);
	size = read(input, line, sizeof(line));
	if (size > 0 && write(output, "got ", 4) == 4 && write(output, line, (size_t)size) == size)
		_exit(0);
	_exit(1);
}

/* Runs the loop with such a guest and no user: at the guest's prompt it types "exit". */
static void run_guest(const char *prints)
{
	struct options options = { .timeout = 2 };
	struct machine machine = { .errors = -1 };
	int to_guest[2], from_guest[2];
	int saved_input = dup(STDIN_FILENO), saved_output = dup(STDOUT_FILENO), nothing = open("/dev/null", O_RDWR);

	if (saved_input < 0 || saved_output < 0 || nothing < 0 || pipe(to_guest) != 0 || pipe(from_guest) != 0)
		abort();
	fflush(stdout);
	machine.pid = fork();
	if (machine.pid == 0) {
		close(to_guest[1]);
		close(from_guest[0]);
		guest(prints, to_guest[0], from_guest[1]);
	}
	close(to_guest[0]);
	close(from_guest[1]);
	machine.console_in = to_guest[1];
	machine.console_out = from_guest[0];
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	console_run(&machine, &options, NULL, &result);
	fflush(stdout);
	dup2(saved_input, STDIN_FILENO);
	dup2(saved_output, STDOUT_FILENO);
	close(saved_input);
	close(saved_output);
	close(nothing);
	close(to_guest[1]);
	close(from_guest[0]);
	if (result.end == CONSOLE_CLOSED) /* else machine_kill() waited */
		waitpid(machine.pid, NULL, 0);
}

static bool guest_got_exit(void)
{
	return result.end == CONSOLE_CLOSED && result.prompt_seen &&
	       memmem(result.last, result.last_size, "got exit\n", 9) != NULL;
}

TEST(a_prompt_is_answered)
{
	run_guest("booting\nguest:/root# ");
	CHECK(guest_got_exit());
	run_guest("booting\n$ ");
	CHECK(guest_got_exit());
}

TEST(a_prompt_with_a_kernel_message_behind_it_is_answered)
{
	run_guest("booting\nguest:/root# [    2.100000] random: crng init done");
	CHECK(guest_got_exit());
}

TEST(a_prompt_is_not_lost_when_a_kernel_message_ends_its_line)
{
	run_guest("booting\nguest:/root# [  216.175908] clocksource: slow\r\n[  222.007502] more\r\n");
	CHECK(guest_got_exit());
}

/* Wherever it comes in between, and however often. */
TEST(a_prompt_is_not_lost_when_a_kernel_message_comes_into_it)
{
	static const char prompt[] = "guest:/root# ";
	char text[256];

	for (size_t i = 1; i < sizeof(prompt); i++) {
		snprintf(text, sizeof(text), "booting\n%.*s[    4.612766] clocksource: slow\r\n%s", (int)i, prompt, prompt + i);
		run_guest(text);
		CHECK_EQ(guest_got_exit() ? 0 : i, 0);
		snprintf(text, sizeof(text),
			 "booting\n%.*s[    4.612766] clocksource: slow\r\n%s[    5.112766] clocksource: slow\r\n"
			 "[    5.612766] clocksource: slow\r\n",
			 (int)i, prompt, prompt + i);
		run_guest(text);
		CHECK_EQ(guest_got_exit() ? 0 : i, 0);
	}
}

TEST(the_echo_of_a_typed_line_is_no_prompt)
{
	run_guest("booting\nguest:/root# [ -f x ] && echo\n");
	CHECK_EQ(result.end, CONSOLE_TIMEOUT);
	CHECK(!result.prompt_seen);
	run_guest("booting\nguest:/root# dmesg[    4.612766] clocksource: slow\n");
	CHECK(!result.prompt_seen);
	run_guest("booting\nguest:/root# dmesg\n[  216.175908] clocksource: slow\n");
	CHECK(!result.prompt_seen);
}
