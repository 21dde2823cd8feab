/* SPDX-License-Identifier: MIT */
/* A reset of the guest: the order of its steps, and that the VM ends when one of them fails. */
#include "proofs/prover.h"

#include "kernel/guest/reset.c"

static enum { RUNNING, LOCKED, KEPT, STOPPED, SERVICES, TAKEN, FLUSHED, LAUNCHED, UNLOCKED } step;
static bool copy, failed;

void log_line(const char *format, ...) {}

/* Ends the VM. */
void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(code == TERMINATE_GUEST_RESET, "the code of a reset");
	PROVE(!copy || failed, "the VM ends only when there is no copy or a step failed");
	PROVE(step < LAUNCHED, "the guest was not started");
	if (!copy)
		CANARY("no copy");
	if (failed && step == KEPT)
		CANARY("a vCPU runs on");
	if (failed && step == STOPPED)
		CANARY("a service keeps its state");
	if (failed && step == SERVICES)
		CANARY("a page may be the old guest's");
	ASSUME(false);
	for (;;)
		;
}

bool pristine_exists(void)
{
	return copy;
}

static int any_error(void)
{
	int error = any_int();

	ASSUME(error <= 0); /* ERR_* are negative */
	failed = failed || error != 0;
	return error;
}

/* A step is made once, after the one before it. */
static void next(void)
{
	PROVE(copy && !failed, "nothing goes on without a copy, or after a step failed");
	step++;
}

void vcpu_lock_all(void)
{
	PROVE(step == RUNNING, "no lock is held before");
	next();
}

void launch_keep_numbers(void)
{
	PROVE(step == LOCKED, "the numbers are read while the guest's memory is there, and no vCPU is served");
	next();
}

int vcpu_stop_all(void)
{
	int error = any_error();

	PROVE(step == KEPT, "vCPUs are stopped while none is served");
	if (error == 0)
		next();
	return error;
}

int protocol_reset(void)
{
	int error = any_error();

	PROVE(step == STOPPED, "services forget when no vCPU runs");
	if (error == 0)
		next();
	return error;
}

int guest_pages_take_all(uint64_t *lost)
{
	int error = any_error();

	PROVE(step == SERVICES, "memory is taken when no vCPU runs and no service keeps anything of it");
	if (error == 0)
		next();
	*lost = any_u64();
	return error;
}

void guest_flush(void)
{
	PROVE(step == TAKEN, "a flush comes after all was taken");
	next();
}

void launch_again(void)
{
	PROVE(step == FLUSHED, "the guest is launched when no processor has a translation of what was taken");
	next();
}

void vcpu_unlock_all(void)
{
	PROVE(step == LAUNCHED, "no vCPU runs before the launch is complete");
	next();
}

void prove_reset(void)
{
	copy = any_bool();
	failed = false;
	step = RUNNING;
	guest_reset();
	PROVE(step == UNLOCKED && copy && !failed, "all steps, and no lock is held");
	CANARY("started again");
}
