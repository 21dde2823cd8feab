/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "abi/nutshell.h"
#include "services/vtpm/codes.h"
#include "services/vtpm/tpm.h"
#include "tests/latency/latency.h"

static bool counting;

bool target_count(void)
{
	if (ioperm(NUTSHELL_PORT_ID, NUTSHELL_PORT_EXIT - NUTSHELL_PORT_ID, 1) != 0)
		return false;
	counting = inl(NUTSHELL_PORT_ID) == NUTSHELL_ID;
	return counting;
}

bool target_open_device(struct target *target)
{
	*target = (struct target){ .name = "the vTPM", .file = open("/dev/tpm0", O_RDWR | O_CLOEXEC) };
	if (target->file < 0)
		fprintf(stderr, "tpm-latency: /dev/tpm0: %s\n", strerror(errno));
	return target->file >= 0;
}

/* The child: what services/vtpm/main.c does, with a socket for the monitor's channel. */
static void serve(int file)
{
	static struct memory_store store;
	static uint8_t message[MESSAGE_MAX];
	ssize_t size;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memory_store_init(&store);
	tpm_start(&store.store, false);
	while ((size = read(file, message, sizeof(message))) > 0) {
		uint32_t count = tpm_command(0, message, (uint32_t)size, message);

		if (write(file, message, count) != (ssize_t)count)
			break;
	}
	_exit(0);
}

bool target_open_process(struct target *target)
{
	int pair[2];
	pid_t child;

	*target = (struct target){ .name = "a process", .file = -1 };
	/* A message is a command or a response; nothing is to be put together. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || (child = fork()) < 0) {
		fprintf(stderr, "tpm-latency: no process: %s\n", strerror(errno));
		return false;
	}
	if (child == 0) {
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	target->file = pair[0];
	return true;
}

/* Counters first, so that reading them, which are exits too, is not in the time. */
static void begin(struct cost *cost)
{
	cost->switches = counting ? inl(NUTSHELL_PORT_SWITCHES) : 0;
	cost->exits_vmpl0 = counting ? inl(NUTSHELL_PORT_EXITS_VMPL0) : 0;
	cost->ticks = __builtin_ia32_rdtsc();
}

static void end(struct cost *cost)
{
	cost->ticks = __builtin_ia32_rdtsc() - cost->ticks;
	cost->exits_vmpl0 = counting ? inl(NUTSHELL_PORT_EXITS_VMPL0) - cost->exits_vmpl0 : 0;
	cost->switches = counting ? inl(NUTSHELL_PORT_SWITCHES) - cost->switches : 0;
}

bool target_send(struct target *target, const struct command *command, struct cost *cost, uint32_t *handle)
{
	static uint8_t response[MESSAGE_MAX];
	struct cost unwanted;
	ssize_t sent, got = 0;
	uint32_t code;

	if (cost == NULL)
		cost = &unwanted;
	begin(cost);
	sent = write(target->file, command->bytes, command->size);
	if (sent == (ssize_t)command->size)
		got = read(target->file, response, sizeof(response));
	end(cost);
	if (got < (ssize_t)TPM_HEADER_SIZE) {
		fprintf(stderr, "tpm-latency: no response of %s: %s\n", target->name, strerror(errno));
		return false;
	}
	code = tpm2_read32(response + 6);
	if (code != TPM2_RC_SUCCESS) {
		fprintf(stderr, "tpm-latency: %s answers command 0x%x with error 0x%x\n", target->name,
		        tpm2_read32(command->bytes + 6), code);
		return false;
	}
	if (handle != NULL)
		*handle = got >= (ssize_t)TPM_HEADER_SIZE + 4 ? tpm2_read32(response + TPM_HEADER_SIZE) : NO_HANDLE;
	return true;
}
