/* SPDX-License-Identifier: MIT */
/* The run loop: what happens between two entries of the guest. The host answers what it likes. */
#include "proofs/prover.h"

#include "kernel/guest/run.c"

uint32_t guest_plane;

static struct vcpu vcpus[2];
static struct vcpu *vcpu;
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

uint64_t cpu_read_tsc(void) { return any_u64(); }
uint64_t platform_ticks_per_ms(void) { return 1; }
uint32_t stay_bucket(uint64_t ticks, uint64_t ticks_per_ms) { return any_u8() % STAY_BUCKETS; }
uint32_t vcpu_count(void) { return count; }
struct vcpu *vcpu_by_index(uint32_t index) { return index == 0 ? &vcpus[0] : NULL; }
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
	PROVE(enabled || vcpu == &vcpus[0], "a vCPU without an area is not run, but for the first");
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
	PROVE(vcpu == &vcpus[0] && answer == ERR_STATE && entered && !vcpu->lock.taken, "the first vCPU is told of a reset, and has no lock");
	was_reset = true;
}

static void start(void)
{
	guest_plane = 1u + any_u8() % 3u;
	vcpu = &vcpus[any_bool()];
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
	for (uint32_t i = 0; i < STAY_BUCKETS; i++)
		vcpu->stays.count[i] = 0;
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
