/* SPDX-License-Identifier: MIT */
/* The run loop: what happens between two entries of the guest. The host answers what it likes. */
#include "proofs/prover.h"

#include "kernel/guest/run.c"

uint32_t guest_plane;

static struct vcpu vcpus[2];
static struct vcpu *const vcpu = &vcpus[0];
static struct vcpu *first; /* in the table */
static struct vmsa area, other_area;
static bool panicked, requested, flushed, enabled, idled, was_reset, entered;
static uint32_t handled, written;
static uint32_t count;
static uint64_t generation;
static struct vcpu_call results;
static int answer;

void log_line(const char *format, ...) {}

/* Ends the VM. */
void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(vcpu->entries == 1 && vcpu->calls == 0 && !vcpu->lock.taken, "the VM ends only when the guest never ran");
	CANARY("the host runs no guest");
	ASSUME(false);
	for (;;)
		;
}

static uint64_t now;

uint64_t cpu_read_tsc(void)
{
	now += any_u32(); /* it does not go back */
	return now;
}

uint64_t platform_ticks_per_ms(void) { return 1; }
static uint32_t stays, bucket;

uint32_t stay_bucket(uint64_t ticks, uint64_t ticks_per_ms)
{
	stays++;
	bucket = any_u8() % STAY_BUCKETS;
	return bucket;
}

uint32_t vcpu_count(void) { return count; }
struct vcpu *vcpu_by_index(uint32_t index) { return index == 0 ? first : NULL; }
uint64_t guest_flush_generation(void) { return generation; }

/* What proofs/vcpu_request shows: a request's area is the present one from then on. */
bool vcpu_take_request(struct vcpu *of, struct vcpu_call *call)
{
	PROVE(of == vcpu && vcpu->lock.taken, "requests are taken with the vCPU's lock");
	requested = any_bool();
	if (requested) {
		vcpu->vmsa = &area;
		*call = (struct vcpu_call){ any_u64(), any_u64(), any_u64(), any_u64() };
	}
	return requested;
}

/* A call changes the registers as it likes, and the vCPU's save areas not. */
void protocol_call(struct vcpu *of, struct vcpu_call *call)
{
	PROVE(requested && of == vcpu && vcpu->lock.taken && handled == 0, "a request is handled once, with the vCPU's lock");
	handled++;
	results = *call = (struct vcpu_call){ any_u64(), any_u64(), any_u64(), any_u64() };
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	const uint64_t value = *(const uint64_t *)source;

	PROVE(size == 8 && handled == 1 && vcpu->lock.taken, "results are written after the call");
	PROVE((destination == &area.rax && value == results.rax) || (destination == &area.rcx && value == results.rcx) ||
	      (destination == &area.rdx && value == results.rdx) || (destination == &area.r8 && value == results.r8),
	      "each result goes to its register of the area that made the request");
	if (any_bool())
		return ERR_FAULT;
	written++;
	return 0;
}

void guest_flush(void)
{
	PROVE(vcpu->lock.taken, "flushed by whoever serves the vCPU");
	flushed = true;
}

int platform_plane_enable(struct vmsa *vmsa, bool flush)
{
	PROVE(vcpu->lock.taken && flushed, "no area is made runnable before the flush");
	PROVE(vmsa != NULL && vmsa == vcpu->vmsa, "the present area is made runnable");
	PROVE(IMPLIES(count == 1 && generation != vcpu->flush_generation, flush), "a guest of one vCPU drops what it lost");
	enabled = any_bool();
	return enabled ? 0 : ERR_FAULT;
}

int platform_plane_run(uint32_t plane)
{
	PROVE(plane == guest_plane && !vcpu->lock.taken, "the guest runs at its level, its lock is free");
	PROVE(enabled || vcpu == first, "a vCPU without an area is not run, but for the first");
	entered = true;
	answer = any_bool() ? 0 : any_bool() ? ERR_STATE : ERR_HOST;
	return answer;
}

void platform_idle(void)
{
	PROVE(!vcpu->lock.taken && (!entered || answer != 0), "who waits holds nothing up");
	idled = true;
}

void guest_reset(void)
{
	PROVE(vcpu == first && answer == ERR_STATE && entered && !vcpu->lock.taken, "the first vCPU is told of a reset, and has no lock");
	was_reset = true;
}

static void start(void)
{
	guest_plane = 1u + any_u8() % 3u;
	first = &vcpus[any_bool()];
	vcpu->lock.taken = 0;
	vcpu->vmsa = any_bool() ? NULL : any_bool() ? &area : &other_area;
	vcpu->entries = any_u32();
	vcpu->calls = any_u32();
	vcpu->flush_generation = any_u32();
	generation = any_u32();
	count = 1u + any_u8() % 2u;
	requested = flushed = enabled = idled = was_reset = entered = false;
	handled = written = 0;
	answer = 0;
}

void prove_serve(void)
{
	start();
	vcpu->lock.taken = 1;
	uint64_t calls = vcpu->calls;
	struct vmsa *present = vcpu->vmsa;

	serve(vcpu);
	PROVE(handled == (requested ? 1u : 0u) && vcpu->calls == calls + handled, "a request is handled once");
	PROVE(IMPLIES(!requested, written == 0 && vcpu->vmsa == present), "without a request nothing changes");
	PROVE(written <= 4, "four results");
	if (written == 4)
		CANARY("all results written");
	if (!requested)
		CANARY("no request");
}

void prove_prepare(void)
{
	start();
	vcpu->lock.taken = 1;
	uint64_t entries = vcpu->entries, seen = vcpu->flush_generation;
	bool ready = prepare(vcpu);

	PROVE(flushed, "what the guest has lost is flushed, each time");
	PROVE(ready == enabled, "ready means that its area is runnable");
	PROVE(vcpu->entries == entries + (ready ? 1u : 0u), "an entry is counted when there is one");
	PROVE(vcpu->flush_generation == (ready ? generation : seen), "what was lost counts as flushed only when there is an entry");
	if (ready)
		CANARY("ready");
	else if (vcpu->vmsa == NULL)
		CANARY("no area");
	else
		CANARY("it cannot be made runnable");
}

void prove_refused(void)
{
	start();
	entered = true;
	answer = ERR_HOST;
	refused(vcpu);
	PROVE(idled && (vcpu->entries != 1 || vcpu->calls != 0), "a guest that ran once waits");
	CANARY("waits");
}

/* What the proof serve shows. */
void stub_serve(struct vcpu *of)
{
	PROVE(of == vcpu && vcpu->lock.taken && !entered, "requests are served with the vCPU's lock, before its guest runs on");
	handled++;
	if (any_bool()) {
		vcpu->vmsa = &area;
		vcpu->calls++;
	}
}

void prove_run(void)
{
	start();
	now = any_u32();
	uint64_t since = any_u32();

	ASSUME(since <= now);
	bool came = since != 0;

	run(vcpu, &since);
	PROVE(!vcpu->lock.taken && handled == 1 && flushed, "served once, and no lock is held");
	PROVE(entered == (enabled || vcpu == first), "a vCPU whose area is runnable is run, and the first always");
	PROVE(was_reset == (entered && answer == ERR_STATE && vcpu == first), "the first vCPU resets the guest when it is told to");
	PROVE(idled == (!was_reset && !(entered && answer == 0)), "who was not run waits");
	PROVE(since == (entered && answer == 0 ? now : 0), "a stay begins when the guest was left, and waiting is none");
	PROVE(stays == (entered && came ? 1u : 0u) && vcpu->stays.count[bucket] == stays, "a stay ends, and counts, when the guest is entered");
	if (was_reset)
		CANARY("reset");
	else if (entered && answer == 0)
		CANARY("the guest ran");
	else if (entered)
		CANARY("refused");
	else
		CANARY("nothing to run");
}
