/* SPDX-License-Identifier: MIT */
#include "abi/terminate.h"
#include "kernel/guest/pages.h"
#include "kernel/guest/reset.h"
#include "kernel/guest/vcpu.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/cpu.h"

static void write_results(struct vmsa *vmsa, const struct vcpu_call *call)
{
	/* What cannot be written is lost with the page; the guest cannot run from it either. */
	if (access_copy(&vmsa->rax, &call->rax, sizeof(call->rax)) != 0 ||
	    access_copy(&vmsa->rcx, &call->rcx, sizeof(call->rcx)) != 0 ||
	    access_copy(&vmsa->rdx, &call->rdx, sizeof(call->rdx)) != 0 ||
	    access_copy(&vmsa->r8, &call->r8, sizeof(call->r8)) != 0)
		log_line("the host took a save area away");
}

/*
 * The host may bring the monitor back at any moment. Only a request changes anything; without one the guest runs on as
 * it was.
 */
static void serve(struct vcpu *vcpu)
{
	struct vcpu_call call;

	if (!vcpu_take_request(vcpu, &call))
		return;
	vcpu->calls++;
	protocol_call(vcpu, &call);
	write_results(vcpu->vmsa, &call);
}

/* Makes the present area runnable; false when there is none. */
static bool prepare(struct vcpu *vcpu)
{
	uint64_t generation = guest_flush_generation();
	bool flush = vcpu_count() == 1 && generation != vcpu->flush_generation;

	guest_flush();
	if (vcpu->vmsa == NULL || platform_plane_enable(vcpu->vmsa, flush) != 0)
		return false;
	vcpu->flush_generation = generation;
	vcpu->entries++;
	return true;
}

/*
 * The host does not run the area: another vCPU of the guest has just taken it out of use, with AP creation or
 * DELETE_VCPU. This vCPU waits until it is created again. A host that refuses the very first entry runs no guest at all.
 */
static void refused(const struct vcpu *vcpu)
{
	/* guards (host): the guest runs at its level and at no other */
	if (vcpu->entries == 1 && vcpu->calls == 0)
		log_panic(TERMINATE_GUEST_RUN, "the host refuses to run the guest at VMPL%u", guest_plane);
	platform_idle();
}

/* Asks the host to run the guest. *since: when this CPU came from the guest last; 0: not yet, or it waited meanwhile. */
static int enter_guest(struct vcpu *vcpu, uint64_t *since)
{
	int error;

	if (*since != 0)
		vcpu->stays.count[stay_bucket(cpu_read_tsc() - *since, platform_ticks_per_ms())]++;
	error = platform_plane_run(guest_plane);
	*since = error == 0 ? cpu_read_tsc() : 0;
	return error;
}

/* Makes the present area runnable and asks the host to run it; without one the host has nothing to run, and says so. */
static void run(struct vcpu *vcpu, uint64_t *since)
{
	bool ready;
	int error;

	spinlock_acquire(&vcpu->lock);
	serve(vcpu);
	ready = prepare(vcpu);
	spinlock_release(&vcpu->lock);
	/* The other vCPUs wait for one of their own; the first is asked again after each wait, for it hears of a reset. */
	error = ready || vcpu == vcpu_by_index(0) ? enter_guest(vcpu, since) : ERR_HOST;
	if (error == 0)
		return;
	*since = 0;
	if (error == ERR_STATE && vcpu == vcpu_by_index(0))
		guest_reset();
	else if (ready)
		refused(vcpu);
	else
		platform_idle();
}

void vcpu_run(struct vcpu *vcpu)
{
	uint64_t since = 0;

	for (;;)
		run(vcpu, &since);
}
