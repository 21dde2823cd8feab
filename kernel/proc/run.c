/* SPDX-License-Identifier: MIT */
/* Threads on the CPU: time slices, and what ends a stay in ring 3. */
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/proc/process.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

#define OPCODE_SYSCALL 0x050Fu
#define OPCODE_INT_80 0x80CDu
#define OPCODE_LENGTH 2u
#define US_PER_MS 1000u
#define NS_PER_MS 1000000ull
#define SLICE_MAX_MS 100u /* of a thread, where the run is a long one: at the start and at a reset */

uint64_t services_clock(void)
{
	static uint64_t start, last;
	uint64_t ticks = platform_ticks_per_ms(), now = cpu_read_tsc(), past;

	if (start == 0)
		start = now;
	past = now > start ? now - start : 0;
	past = past / ticks * NS_PER_MS + past % ticks * NS_PER_MS / ticks;
	/* Processors' counters may differ: time does not go back. */
	last = past > last ? past : last;
	return last;
}

static struct thread *next_ready(void)
{
	static uint32_t next;
	uint32_t end = thread_index_end();

	for (uint32_t i = 0; i < end; i++) {
		struct thread *thread = thread_by_index(next);

		next = next + 1u < end ? next + 1u : 0;
		if (thread->state == THREAD_READY)
			return thread;
	}
	return NULL;
}

/*
 * The timer is left running when ring 3 gives the CPU back early: most calls need no exit to the host for it. An
 * interrupt that comes too early then is one more way into the monitor, no more.
 */
static void arm_timer(uint64_t now, uint64_t deadline)
{
	struct percpu *cpu = percpu_self();

	if (!cpu->timer_ready) {
		cpu->timer_ready = true;
		cpu->timer_works = platform_timer_init() == 0;
		if (!cpu->timer_works)
			log_line("CPU %u: the host gives the monitor no timer: services are not interrupted", cpu->index);
	}
	if (!cpu->timer_works || (cpu->timer_expires > now && cpu->timer_expires <= deadline))
		return;
	platform_timer_arm((uint32_t)((deadline - now) * US_PER_MS / platform_ticks_per_ms()) + 1u);
	cpu->timer_expires = deadline;
}

static void fault(struct thread *thread)
{
	const struct trap_frame *frame = &thread->context->frame;

	log_line("service %s: exception %llu error 0x%llx at 0x%llx, address 0x%llx", thread->process->name,
		 (unsigned long long)frame->vector, (unsigned long long)frame->error, (unsigned long long)frame->rip,
		 (unsigned long long)thread->context->fault_address);
	process_end(thread->process, SERVICE_EXIT_FAULT, (int64_t)frame->vector);
}

/*
 * The host can raise any exception and interrupt at any moment. What counts is the instruction at RIP: ring 3 was about
 * to execute it, and to act on it now is what would have happened anyway.
 */
static bool is_at(const struct thread *thread, uint16_t opcode)
{
	uint16_t found;

	return space_read(&thread->process->space, va(thread->context->frame.rip), &found, sizeof(found)) == 0 &&
	       found == opcode;
}

/* SYSCALL is not enabled: it arrives here as an invalid opcode. True: the process has said where it goes on. */
static bool upcall(struct thread *thread)
{
	struct trap_frame *frame = &thread->context->frame;

	if (thread->process->upcall.v == 0 || !is_at(thread, OPCODE_SYSCALL))
		return false;
	frame->rcx = frame->rip + OPCODE_LENGTH;
	frame->rip = thread->process->upcall.v;
	return true;
}

/* Whatever becomes of the thread: without it there would be no further interrupt. */
static void acknowledge(const struct thread *thread)
{
	if (thread->context->frame.vector != VECTOR_TIMER)
		return;
	platform_timer_acknowledge();
	percpu_self()->timer_expires = 0;
}

static void handle_trap(struct thread *thread)
{
	switch (thread->context->frame.vector) {
	case VECTOR_GENERAL_PROTECTION:
		if (!is_at(thread, OPCODE_INT_80)) {
			fault(thread);
			break;
		}
		thread->context->frame.rip += OPCODE_LENGTH;
		syscall_handle(thread);
		break;
	case VECTOR_INVALID_OPCODE:
		if (!upcall(thread))
			fault(thread);
		break;
	case VECTOR_TIMER:
	case VECTOR_OTHER: /* the host's: it interrupts, no more */
		break;
	default:
		fault(thread);
		break;
	}
}

/*
 * What a stay in ring 3 counts for: the time from entry to exit, but no more than twice the slice that it had. The rest is
 * the host's, which let the vCPU stand still, or the timer's interrupt wait: no reason to end a service, with its state.
 */
static uint64_t charge(uint64_t entered, uint64_t slice)
{
	uint64_t stay = cpu_read_tsc() - entered;

	return stay < 2u * slice ? stay : 2u * slice;
}

static void run_thread(struct thread *thread, uint64_t slice)
{
	struct process *process = thread->process;
	uint64_t root = space_root(&process->space), entered = cpu_read_tsc();

	user_run(thread->context, root);
	process->run_time += charge(entered, slice);
	acknowledge(thread);
	if (process->run_time > process->run_limit)
		process_end(process, SERVICE_EXIT_LIMIT, 0);
	else
		handle_trap(thread);
}

bool services_run(const struct request *request, uint32_t milliseconds)
{
	uint64_t start = cpu_read_tsc(), length = milliseconds * platform_ticks_per_ms();
	uint64_t longest = SLICE_MAX_MS * platform_ticks_per_ms(), slice = length < longest ? length : longest;
	uint64_t now = start;

	while (now >= start && now - start < length) {
		struct thread *thread;

		if (request != NULL && (request->state == REQUEST_DONE || request->state == REQUEST_FAILED))
			return true;
		thread = next_ready();
		if (thread == NULL)
			return true;
		arm_timer(now, start + length - now < slice ? start + length : now + slice);
		run_thread(thread, slice);
		now = cpu_read_tsc();
	}
	return request != NULL && (request->state == REQUEST_DONE || request->state == REQUEST_FAILED);
}
