/* SPDX-License-Identifier: MIT */
/*
 * Threads on the CPU. Ring 3 leaves any registers and any reason behind, the host's counter says anything; what system
 * calls, the end of a process and its memory do is what proofs/syscall, proofs/process and proofs/space show.
 */
#include "proofs/prover.h"

#define KERNEL_X86_USER_H /* of a thread's registers only those that are looked at */
#include "kernel/x86/traps.h"
struct user_context {
	struct trap_frame frame;
	uint64_t fault_address;
};
void user_run(struct user_context *context, uint64_t root);
#define KERNEL_X86_CPU_H
static inline uint64_t cpu_read_tsc(void);

#define TICKS 2000000u /* a millisecond */

#include "kernel/proc/run.c"

static struct percpu cpu;
static struct user_context contexts[3];
static struct process processes[2];
static struct thread threads[3];

struct percpu *percpu_self(void)
{
	return &cpu;
}
void log_line(const char *format, ...)
{
}

static uint64_t counter;
static inline uint64_t cpu_read_tsc(void)
{
	return counter = any_u64() & (UINT64_MAX >> 2);
}

uint64_t platform_ticks_per_ms(void)
{
	return TICKS;
}

static void any_threads(void)
{
	for (uint32_t i = 0; i < 3; i++) {
		threads[i].state = (enum thread_state)(any_u8() % 5u);
		threads[i].process = any_bool() ? &processes[0] : &processes[1];
		threads[i].context = &contexts[i];
		contexts[i] = ANY(struct user_context);
	}
	for (uint32_t i = 0; i < 2; i++) {
		processes[i].upcall = va(any_u64());
		processes[i].run_time = any_u64() >> 2;
		processes[i].run_limit = any_u64();
	}
}

/* ---- the clock ---- */

void prove_clock(void)
{
	uint64_t first = services_clock(), start = counter;

	ASSUME(start != 0);
	uint64_t second = services_clock(), at = counter;

	PROVE(first == 0 && second >= first, "time starts at 0 and does not go back");
	PROVE(IMPLIES(at <= start, second == first), "a counter that is behind leaves the clock as it is");
	PROVE(IMPLIES(at > start && at - start < TICKS, second < NS_PER_MS),
	      "less than a millisecond is less than a millisecond");
	if (second > 5 * NS_PER_MS)
		CANARY("milliseconds later");
	uint64_t third = services_clock();

	PROVE(third >= second, "time does not go back");
	if (counter < at)
		CANARY("a counter that goes back");
}

/* ---- who runs next ---- */

static uint32_t end;

uint32_t thread_index_end(void)
{
	return end;
}

struct thread *thread_by_index(uint32_t index)
{
	PROVE(index < end, "a thread of the table");
	return index == 0 ? &threads[0] : index == 1 ? &threads[1] : &threads[2];
}

void prove_next_ready(void)
{
	any_threads();
	end = any_u8() % 4u;
	(void)next_ready(); /* wherever the last one was */
	any_threads();
	uint32_t grown = any_u8() % 4u;

	ASSUME(grown >= end);
	end = grown;
	bool ready[3];

	for (uint32_t i = 0; i < 3; i++)
		ready[i] = i < end && threads[i].state == THREAD_READY;
	const struct thread *a = next_ready();

	PROVE((a == NULL) == (!ready[0] && !ready[1] && !ready[2]), "one is found if there is one");
	PROVE(a == NULL || (a == &threads[0] && ready[0]) || (a == &threads[1] && ready[1]) ||
		      (a == &threads[2] && ready[2]),
	      "only a thread that is ready");
	const struct thread *b = next_ready();

	PROVE(IMPLIES((ready[0] && ready[1]) || (ready[1] && ready[2]) || (ready[0] && ready[2]), a != b),
	      "the others come first");
	if (a == &threads[2])
		CANARY("the last one");
	if (a == NULL && end == 3)
		CANARY("none");
}

/* ---- what a stay counts ---- */

void prove_charge(void)
{
	uint64_t entered = any_u64() >> 2, slice = any_u64();

	ASSUME(slice <= (uint64_t)SLICE_MAX_MS * TICKS);
	uint64_t counted = charge(entered, slice);

	PROVE(counted <= 2 * slice, "two slices at most");
	PROVE(IMPLIES(counter >= entered && counter - entered <= 2 * slice, counted == counter - entered),
	      "the time from entry to exit");
	PROVE(IMPLIES(counter < entered || counter - entered > 2 * slice, counted == 2 * slice),
	      "a stall or a counter that goes back is two slices");
	CANARY("charged");
}

/* ---- traps ---- */

static struct thread *now;
static struct process *its;
static struct trap_frame before, handled;
static uint64_t upcall_before;
static uint32_t ends, calls;
static bool readable;
static uint16_t opcode;

int space_read(const struct space *space, va_t address, void *out, uint64_t size)
{
	PROVE(space == &its->space && address.v == before.rip && size == 2, "the instruction of this thread");
	*(uint16_t *)out = opcode = any_u16();
	readable = any_bool();
	ASSUME(!readable || address.v < 1ull << 47);
	return readable ? 0 : ERR_ADDRESS;
}

/* The thread may be gone afterwards: nobody may look at it. */
void process_end(struct process *process, uint32_t reason, int64_t code)
{
	PROVE(process == its && reason == SERVICE_EXIT_FAULT && code == (int64_t)before.vector,
	      "only the process of this thread, with the reason");
	ends++;
	now->context = NULL;
	now->process = NULL;
}

void syscall_handle(struct thread *thread)
{
	PROVE(thread == now, "of this thread");
	handled = thread->context->frame;
	calls++;
	now->context = NULL;
	now->process = NULL;
}

void prove_handle_trap(void)
{
	any_threads();
	now = &threads[0];
	its = now->process;
	before = contexts[0].frame;
	ASSUME(before.vector <= VECTOR_OTHER); /* kernel/x86/traps.S knows no other */
	upcall_before = its->upcall.v;
	handle_trap(now);
	bool is_call = before.vector == VECTOR_GENERAL_PROTECTION && readable && opcode == 0x80CD;
	bool is_upcall = before.vector == VECTOR_INVALID_OPCODE && upcall_before != 0 && readable && opcode == 0x050F;
	bool is_interrupt = before.vector == VECTOR_TIMER || before.vector == VECTOR_OTHER;

	PROVE((calls == 1) == is_call && calls <= 1, "a system call is INT 80, whatever the host raises");
	PROVE((ends == 1) == (!is_call && !is_upcall && !is_interrupt) && ends <= 1, "all else ends the process");
	const struct trap_frame *frame = &contexts[0].frame;

	PROVE(IMPLIES(is_call, handled.rip == before.rip + 2 && handled.rax == before.rax),
	      "it goes on behind the instruction");
	PROVE(IMPLIES(is_upcall, frame->rip == upcall_before && frame->rcx == before.rip + 2),
	      "the process says where it goes on");
	PROVE(IMPLIES(!is_call && !is_upcall, frame->rip == before.rip && frame->rcx == before.rcx),
	      "an interrupt changes nothing");
	PROVE(frame->cs == before.cs && frame->rflags == before.rflags && frame->ss == before.ss &&
		      frame->rsp == before.rsp,
	      "privileges, flags and stack are as they were");
	if (is_call)
		CANARY("call");
	if (is_upcall)
		CANARY("upcall");
	if (ends == 1 && before.vector == VECTOR_PAGE_FAULT)
		CANARY("fault");
	if (is_interrupt)
		CANARY("interrupt");
}
