/* SPDX-License-Identifier: MIT */
/* QEMU as a child: its command line, its pipes, its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/nutshell.h"
#include "tools/run/run.h"

/*
 * QEMU's RAM for a guest of options->devices.memory: Nutshell hides itself, the image and its tables at the top of low RAM.
 * It takes 14 MiB a GiB for tables (nutshell/boot/main.c) and 40 MiB; 6 MiB for its own code, data and alignment.
 */
static uint64_t machine_memory(const struct options *options)
{
	struct stat image;
	uint64_t size = options->devices.memory + 46 * MIB;

	if (stat(options->image, &image) == 0 && image.st_size > 0)
		size += (uint64_t)image.st_size;
	return align_up(size / (1024 - 14) * 1024 + MIB, MIB);
}

/* Files for a guest's firmware, which Nutshell shows it as those of a kernel (nutshell/host/fw_cfg.h). */
static void add_kernel(struct command *command, const struct options *options)
{
	if (options->devices.kernel == NULL)
		return;
	command_add(command, "-fw_cfg");
	command_add(command, "name=opt/nutshell/kernel,file=%s", options->devices.kernel);
	if (options->devices.initrd != NULL) {
		command_add(command, "-fw_cfg");
		command_add(command, "name=opt/nutshell/initrd,file=%s", options->devices.initrd);
	}
	if (options->devices.command_line != NULL && options->devices.command_line[0] != '\0') {
		command_add(command, "-fw_cfg");
		command_add_text(command, "name=opt/nutshell/cmdline,string=", options->devices.command_line);
	}
}

static void command_build(struct command *command, const struct options *options)
{
	command_add(command, "%s", options->devices.qemu);
	command_add(command, "-M");
	command_add(command, "q35");
	command_add(command, "-accel");
	command_add(command, "tcg,thread=%s", options->multi_thread && !options->icount ? "multi" : "single");
	if (options->icount) {
		command_add(command, "-icount");
		command_add(command, "shift=0,sleep=off"); /* 2^0 ns an instruction; idle time passes at once */
	}
	command_add(command, "-cpu");
	command_add(command, "%s", options->devices.cpu);
	command_add(command, "-m");
	command_add(command, "%lluM", (unsigned long long)(machine_memory(options) / MIB));
	command_add(command, "-smp");
	command_add(command, "%u", options->devices.cpus);
	command_add(command, "-kernel");
	command_add(command, "%s", options->nutshell);
	command_add(command, "-append");
	command_add(command, "ram=%llu %s%s%s%s", (unsigned long long)(options->devices.memory / MIB),
	            options->stats ? "stats " : "", options->trace ? "trace " : "",
	            options_reboot(options) ? "reboot " : "", options->machine_options);
	command_add(command, "-initrd");
	command_add(command, "%s", options->image);
	command_add(command, "-nodefaults");
	command_add(command, "-no-reboot");
	/* The guest's tables offer no sleep state that it could not come back from. */
	command_add(command, "-global");
	command_add(command, "ICH9-LPC.disable_s3=1");
	command_add(command, "-global");
	command_add(command, "ICH9-LPC.disable_s4=1");
	command_add(command, "-display");
	command_add(command, "none");
	command_add(command, "-vga");
	command_add(command, "none");
	devices_add(&options->devices, command);
	command_add(command, "-chardev");
	command_add(command, "stdio,id=console,signal=off");
	command_add(command, "-serial");
	command_add(command, "chardev:console");
	command_add(command, "-chardev");
	command_add(command, "file,id=log,path=%s", options->log);
	command_add(command, "-device");
	command_add(command, "isa-debugcon,iobase=0xe9,chardev=log");
	command_add(command, "-device");
	command_add(command, "isa-debug-exit,iobase=0x%x,iosize=1", NUTSHELL_DEBUG_EXIT_PORT);
	if (options->attack != NULL) {
		command_add(command, "-fw_cfg");
		command_add(command, "name=opt/nutshell/attack,file=%s", options->attack);
	}
	add_kernel(command, options);
}

/* In the child: never returns. The child ends with its parent, so that a killed run leaves no QEMU behind. */
static void __noreturn child(const struct command *command, int in, int out, int errors, int failure)
{
	int reason;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0); /* Ctrl-C in a terminal that is not raw is for run, which then ends QEMU in order */
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0)
		execvp(command->argument[0], command->argument);
	reason = errno;
	if (write(failure, &reason, sizeof(reason)) != (ssize_t)sizeof(reason))
		_exit(RUN_NO_START);
	_exit(RUN_NO_START);
}

static int start_failed(const struct options *options, int reason)
{
	if (reason == ENOENT)
		complain("there is no QEMU called '%s'. Run './cashew setup' to install it, or give --qemu FILE",
		         options->devices.qemu);
	else
		complain("cannot start QEMU '%s': %s", options->devices.qemu, strerror(reason));
	return RUN_NO_START;
}

int machine_print(const struct options *options)
{
	struct command command = { .count = 0 };

	command_build(&command, options);
	command_print(&command);
	command_free(&command);
	return RUN_OK;
}

int machine_start(struct machine *machine, const struct options *options)
{
	struct command command = { .count = 0 };
	int in[2], out[2], errors[2], failure[2], reason = 0;
	ssize_t got;

	command_build(&command, options);
	if (command.full)
		return start_failed(options, E2BIG);
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0 ||
	    pipe2(failure, O_CLOEXEC) != 0)
		return start_failed(options, errno);
	machine->pid = fork();
	if (machine->pid < 0)
		return start_failed(options, errno);
	if (machine->pid == 0)
		child(&command, in[0], out[1], errors[1], failure[1]);
	command_free(&command);
	close(in[0]);
	close(out[1]);
	close(errors[1]);
	close(failure[1]);
	got = read(failure[0], &reason, sizeof(reason));
	close(failure[0]);
	if (got == (ssize_t)sizeof(reason)) {
		waitpid(machine->pid, NULL, 0);
		return start_failed(options, reason);
	}
	machine->console_in = in[1];
	machine->console_out = out[0];
	machine->errors = errors[0];
	fcntl(machine->console_in, F_SETFL, O_NONBLOCK);
	return RUN_OK;
}

int machine_wait(struct machine *machine)
{
	int status = 0;

	while (waitpid(machine->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void machine_kill(struct machine *machine)
{
	kill(machine->pid, SIGTERM);
	for (int tenths = 0; tenths < 10; tenths++) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)machine->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0)
			return;
		usleep(100000);
	}
	kill(machine->pid, SIGKILL);
}
