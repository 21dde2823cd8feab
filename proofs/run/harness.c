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

#ifndef TICKS
#define TICKS 2000000u /* a millisecond */
#endif

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
static bool readable, over_limit;
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
	PROVE(process == its && (over_limit ? reason == SERVICE_EXIT_LIMIT && code == 0 :
					      reason == SERVICE_EXIT_FAULT && code == (int64_t)before.vector),
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

/* ---- a stay in ring 3 ---- */

static uint64_t slice_told, entered_at, charged;
static uint32_t stays, acknowledged, handled_traps;
static uint64_t exit_vector;

uint64_t space_root(const struct space *space)
{
	PROVE(space == &its->space && stays == 0, "its own space");
	return 0x5000;
}

void user_run(struct user_context *context, uint64_t root)
{
	PROVE(context == now->context && root == 0x5000 && stays == 0, "this thread, in its own space");
	stays++;
	contexts[0] = ANY(struct user_context);
	exit_vector = contexts[0].frame.vector;
}

void platform_timer_acknowledge(void)
{
	PROVE(stays == 1 && ends == 0 && handled_traps == 0 && exit_vector == VECTOR_TIMER, "after the stay, before all else");
	acknowledged++;
}

/* What prove_charge() shows of it. */
uint64_t stub_charge(uint64_t entered, uint64_t slice)
{
	PROVE(stays == 1 && entered == counter && slice == slice_told, "the stay, with the slice that it had");
	charged = any_u64();
	ASSUME(charged <= 2 * slice);
	over_limit = its->run_time + charged > its->run_limit;
	return charged;
}

void stub_handle_trap(struct thread *thread)
{
	PROVE(thread == now && stays == 1 && !over_limit, "its trap, while it has time");
	handled_traps++;
}

void prove_stay(void)
{
	any_threads();
	now = &threads[0];
	its = now->process;
	slice_told = any_u64();
	ASSUME(slice_told <= (uint64_t)SLICE_MAX_MS * TICKS);
	cpu.timer_expires = 7;
	uint64_t time = its->run_time;

	run_thread(now, slice_told);
	PROVE(stays == 1 && its->run_time == time + charged, "one stay, and it counts");
	PROVE(acknowledged == (exit_vector == VECTOR_TIMER ? 1 : 0), "the timer's interrupt is acknowledged, no other is");
	PROVE(cpu.timer_expires == (acknowledged != 0 ? 0 : 7), "it does not run any more then");
	PROVE(ends + handled_traps == 1 && (ends == 1) == over_limit, "over its limit it ends, else its trap is handled");
	if (over_limit && acknowledged != 0)
		CANARY("over its limit");
	if (handled_traps != 0)
		CANARY("goes on");
}

/* ---- the timer ---- */

static uint32_t timer_starts, arms, armed_us;
static bool timer_refused;

int platform_timer_init(void)
{
	PROVE(timer_starts == 0 && arms == 0, "once, before it is used");
	timer_starts++;
	timer_refused = any_bool();
	return timer_refused ? ERR_HOST : 0;
}

void platform_timer_arm(uint32_t microseconds)
{
	PROVE(arms == 0 && cpu.timer_ready && !timer_refused, "a timer that works");
	arms++;
	armed_us = microseconds;
}

void prove_arm(void)
{
	uint64_t at = any_u64() >> 2, deadline = any_u64() >> 2;
	bool ready = any_bool(), works = any_bool();
	uint64_t expires = any_u64();

	ASSUME(deadline > at && deadline - at <= (uint64_t)SLICE_MAX_MS * TICKS);
	cpu.timer_ready = ready;
	cpu.timer_works = works;
	cpu.timer_expires = expires;
	arm_timer(at, deadline);
	PROVE(cpu.timer_ready && timer_starts == (ready ? 0 : 1), "it is set up once");
	bool usable = ready ? works : !timer_refused;

	PROVE(cpu.timer_works == usable && arms <= (usable ? 1u : 0u), "a timer that the host refuses is not used");
	PROVE(IMPLIES(usable && arms == 0, expires > at && expires <= deadline && cpu.timer_expires == expires),
	      "it is left running when it interrupts in time");
	PROVE(IMPLIES(arms == 1, cpu.timer_expires == deadline), "else it is armed");
	PROVE(IMPLIES(arms == 1, (armed_us - 1u) * (TICKS / US_PER_MS) <= deadline - at && armed_us * (uint64_t)(TICKS / US_PER_MS) > deadline - at),
	      "up to the deadline, to the microsecond");
	if (arms == 1)
		CANARY("armed");
	if (usable && arms == 0)
		CANARY("runs already");
	if (!usable)
		CANARY("none");
}

/* ---- a run ---- */

#define ROUNDS 3u

static struct request asked;
static bool with_request, answered_at_end;
static uint64_t run_start, run_length;
static uint32_t rounds, found;
static struct thread *chosen;

struct thread *stub_next_ready(void)
{
	PROVE(IMPLIES(with_request, asked.state != REQUEST_DONE && asked.state != REQUEST_FAILED), "nobody runs once the request is answered");
	chosen = any_bool() ? NULL : any_bool() ? &threads[0] : &threads[1];
	found++;
	return chosen;
}

void stub_arm_timer(uint64_t at, uint64_t deadline)
{
	PROVE(chosen != NULL && at == counter, "for the thread that runs now");
	PROVE(deadline > at && deadline - at <= (uint64_t)SLICE_MAX_MS * TICKS && deadline <= run_start + run_length,
	      "a slice, and not beyond the run");
	PROVE(deadline == run_start + run_length || deadline - at == (run_length < (uint64_t)SLICE_MAX_MS * TICKS ? run_length : (uint64_t)SLICE_MAX_MS * TICKS),
	      "a whole one, or what is left");
}

/* Of requests only the state is looked at; the counter goes on. */
void stub_run_thread(struct thread *thread, uint64_t slice)
{
	PROVE(thread == chosen && thread != NULL && slice <= (uint64_t)SLICE_MAX_MS * TICKS && slice <= run_length, "the one that was found");
	rounds++;
	asked.state = (enum request_state)(any_u8() % 5u);
	chosen = NULL;
}

/* What the harness's own cpu_read_tsc() leaves open: the first reading is the start, and after a few the time is over. */
uint64_t stub_cpu_read_tsc(void)
{
	counter = any_u64() >> 2;
	if (found == 0)
		run_start = counter;
	else
		ASSUME(rounds < ROUNDS || counter < run_start || counter - run_start >= run_length);
	return counter;
}

void prove_services_run(void)
{
	uint32_t milliseconds = any_u32();

	with_request = any_bool();
	asked.state = (enum request_state)(any_u8() % 5u);
	run_length = milliseconds * (uint64_t)TICKS;
	bool done = services_run(with_request ? &asked : NULL, milliseconds);
	bool answered = with_request && (asked.state == REQUEST_DONE || asked.state == REQUEST_FAILED);
	bool idle = found > rounds;

	PROVE(done == (answered || idle), "done when the request is answered or nobody can run");
	PROVE(IMPLIES(!done, counter < run_start || counter - run_start >= run_length), "else the time is over");
	if (!done && rounds == ROUNDS)
		CANARY("out of time");
	if (answered && rounds != 0)
		CANARY("answered");
	if (idle && !answered)
		CANARY("nobody can run");
}
