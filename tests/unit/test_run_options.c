/* SPDX-License-Identifier: MIT */
/* run's command line, QEMU's that is made of it, the keys for OVMF, and what is said at the end of a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/listen.h"
#include "tests/unit/unit.h"
#include "tools/run/run.h"

#define FILES "--nutshell", "/dev/null"
#define WORDS 24u

static char said[8192]; /* on standard error or output */

static struct options options;

static int parse(const char *const *words)
{
	char *argv[WORDS] = { (char[]){ "run" } };
	FILE *saved = listen(&stderr), *output = listen(&stdout);
	int count = 1, status;

	for (; words[count - 1] != NULL; count++)
		argv[count] = (char *)(uintptr_t)words[count - 1];
	optind = 0;
	status = options_parse(&options, count, argv);
	heard(&stdout, output, said, sizeof(said));
	if (status == -1)
		status = strstr(said, "usage: run") != NULL ? -1 : -2;
	heard(&stderr, saved, said, sizeof(said));
	return status;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })
#define REFUSED(text, ...) CHECK(PARSE(__VA_ARGS__) == RUN_USAGE && strstr(said, text) != NULL)

TEST(command_lines)
{
	CHECK_EQ(PARSE(FILES, "/dev/null"), RUN_OK);
	CHECK_EQ(options.timeout, 0);
	CHECK_EQ(options.devices.cpus, 1);
	CHECK(!options.stats && !options.trace && !options.icount && !options.multi_thread && !options.keep_log);
	CHECK_EQ(PARSE(FILES, "--stats", "--trace", "--icount", "--thread", "multi", "--remove-image", "--firmware-shell",
		       "--timeout=7", "--log", "log", "--option", "c-bit=39", "--attack", "/dev/null", "--memory=1G", "/dev/null"),
		 RUN_OK);
	CHECK(options.stats && options.trace && options.icount && options.multi_thread && options.remove_image &&
	      options.firmware_shell && options.keep_log);
	CHECK_EQ(options.timeout, 7);
	CHECK_TEXT(options.log, "log");
	CHECK_TEXT(options.machine_options, "c-bit=39");
	CHECK_EQ(options.devices.memory, 1024 * MIB);
	CHECK_EQ(PARSE("--help"), -1);
}

TEST(wrong_command_lines)
{
	REFUSED("exactly one IGVM image", FILES);
	REFUSED("exactly one IGVM image", FILES, "/dev/null", "/dev/null");
	REFUSED("--nutshell) is missing", "/dev/null");
	REFUSED("cannot read the image of Nutshell", "--nutshell", "/nowhere/x", "/dev/null");
	REFUSED("cannot read the IGVM image", FILES, "/nowhere/x");
	REFUSED("cannot read the attack", FILES, "--attack", "/nowhere/x", "/dev/null");
	REFUSED("must be a number of seconds", FILES, "--timeout", "0", "/dev/null");
	REFUSED("must be a number of seconds", FILES, "--timeout", "-1", "/dev/null");
	REFUSED("must be a number of seconds", FILES, "--timeout", "12x", "/dev/null");
	REFUSED("must be a number of seconds", FILES, "--timeout", "99999999999999999999", "/dev/null");
	REFUSED("must be single or multi", FILES, "--thread", "two", "/dev/null");
	REFUSED("--log a,b", FILES, "--log", "a,b", "/dev/null");
	REFUSED("at least 512M", FILES, "--memory", "0", "/dev/null");
	REFUSED("--help", FILES, "--nonsense", "/dev/null");
}

TEST(resets)
{
	CHECK_EQ(PARSE(FILES, "--reboot", "/dev/null"), RUN_OK);
	CHECK(options_reboot(&options));
	CHECK_EQ(PARSE(FILES, "--reboot", "--no-reboot", "/dev/null"), RUN_OK);
	CHECK(!options_reboot(&options));
	CHECK_EQ(PARSE(FILES, "--script", "/dev/null", "/dev/null"), RUN_OK);
	CHECK(!options_reboot(&options));
}

static bool prints(const char *text)
{
	FILE *saved = listen(&stdout);
	int status = machine_print(&options);

	heard(&stdout, saved, said, sizeof(said));
	return status == RUN_OK && strstr(said, text) != NULL;
}

TEST(qemu_command_line)
{
	CHECK_EQ(PARSE(FILES, "--log", "log", "--cpus=2", "--stats", "--trace", "--reboot", "--option", "c-bit=39", "--memory=1G",
		       "--attack", "/dev/null", "--kernel", "/dev/null", "--initrd", "/dev/null", "--append", "a,b", "/dev/null"),
		 RUN_OK);
	CHECK(prints("tcg,thread=single"));
	CHECK(prints("-smp 2"));
	CHECK(prints("'ram=1024 stats trace reboot c-bit=39'"));
	CHECK(prints("file,id=log,path=log"));
	CHECK(prints("name=opt/nutshell/attack,file=/dev/null"));
	CHECK(prints("name=opt/nutshell/kernel,file=/dev/null"));
	CHECK(prints("name=opt/nutshell/initrd,file=/dev/null"));
	CHECK(prints("name=opt/nutshell/cmdline,string=a,,b")); /* a comma of the user's is no end of a part */
	CHECK(!prints("-icount"));
	options.multi_thread = true;
	CHECK(prints("tcg,thread=multi"));
	options.icount = true;
	CHECK(prints("tcg,thread=single"));
	CHECK(prints("-icount shift=0,sleep=off"));
}

static const char *keys_after(const char *text)
{
	const char *keys = NULL;

	for (; *text != '\0'; text++)
		keys = firmware_byte(*text);
	return keys;
}

TEST(keys_for_the_firmware)
{
	for (unsigned start = 0; start < 2; start++) {
		CHECK(keys_after("ESC to exit") == NULL); /* not yet */
		CHECK(keys_after("PressPress any key to enter the Boot Manager Men") == NULL);
		CHECK_TEXT(keys_after("u"), "\r");
		CHECK(keys_after("Press any key to enter the Boot Manager Menu") == NULL);
		CHECK_TEXT(keys_after("EESC to exit"), "\033[B\r");
	}
}

/* ---- the end ---- */

static struct console_result result;

/* Status of a run whose machine left this log and ended so; what was said is in said. */
static int end_of(const char *log, int wait_status)
{
	static char path[] = "/tmp/run-options-XXXXXX";
	int handle = mkstemp(path), status;
	FILE *saved = listen(&stderr);

	if (handle < 0 || write(handle, log, strlen(log)) != (ssize_t)strlen(log) || close(handle) != 0)
		abort();
	options.log = path;
	status = report_end(&options, &result, wait_status);
	heard(&stderr, saved, said, sizeof(said));
	(void)unlink(path);
	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	return status;
}

#define EXIT(code) ((code) << 8)
#define ENDS(status, text, log, wait) CHECK(end_of(log, wait) == (status) && strstr(said, text) != NULL)
#define OFF "nutshell: VMPL2 switched the machine off\n"

TEST(ends)
{
	options = (struct options){ .timeout = 3 };
	result = (struct console_result){ .end = CONSOLE_CLOSED, .script_status = -1 };
	ENDS(RUN_OK, "", OFF, EXIT(0));
	ENDS(RUN_FAILED, "Nutshell crashed. Its last line: x", "nutshell: x\n", EXIT(0));
	ENDS(RUN_FAILED, "(none)", "", EXIT(0));
	ENDS(RUN_NO_START, "did not start the machine", "", EXIT(1));
	ENDS(RUN_OK, "reset", "nutshell: reset\nnutshell: stats: x 1\n", EXIT(1));
	ENDS(5, "", "", EXIT((64 + 5) * 2 + 1)); /* the payload's status */
	ENDS(RUN_FAILED, "could not start the image: why", "nutshell: why\n", EXIT(2 * 2 + 1));
	ENDS(RUN_FAILED, "the machine stopped", "", EXIT(9 * 2 + 1));
	ENDS(RUN_FAILED, "status 4", "", EXIT(4));
	ENDS(RUN_FAILED, "signal 9", "", 9);
	result.panic = true;
	ENDS(RUN_FAILED, "panicked", "", EXIT(0));
	result.panic = false;
	result.end = CONSOLE_TIMEOUT;
	ENDS(RUN_TIMEOUT, "no end after 3 seconds", "", 9);
	result.end = CONSOLE_QUIT;
	ENDS(RUN_FAILED, "on your request", "", 9);
}

TEST(ends_of_scripts)
{
	options = (struct options){ .script = "x", .stats = true };
	result = (struct console_result){ .end = CONSOLE_CLOSED, .script_status = 7, .prompt_seen = true, .prompt_ms = 3590 };
	ENDS(7, "stats line\nfirst shell prompt after 3.5 s\n", "nutshell: stats: stats line\n" OFF, EXIT(0));
	result.script_status = -1;
	ENDS(RUN_FAILED, "before the script ended", OFF, EXIT(0));
	CHECK(strstr(said, "(the guest's console showed nothing)") != NULL);
	result.prompt_seen = false;
	memcpy(result.last, "a\r\nb", 4);
	result.last_size = 4;
	ENDS(RUN_FAILED, "without a shell prompt", OFF, EXIT(0));
	CHECK(strstr(said, "showed:\na\nb\n") != NULL);
}

TEST(lines_of_qemu)
{
	FILE *saved = listen(&stderr);

	report_qemu_line("x: warning: TCG doesn't support requested feature: CPUID");
	report_qemu_line("");
	report_qemu_line("x: no such file");
	heard(&stderr, saved, said, sizeof(said));
	CHECK_TEXT(said, "qemu: x: no such file\n");
}
