/* SPDX-License-Identifier: MIT */
#include "abi/svsm.h"
#include "abi/terminate.h"
#include "kernel/guest/pages.h"
#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"

/* A call has been taken: nobody resumes the monitor into the same one twice. */
#define EXIT_CODE_TAKEN 0ull

/*
 * Reads and clears call_pending, exactly once for each return of the monitor. A calling area that cannot be accessed
 * holds no request.
 */
static bool take_request(struct vcpu *vcpu)
{
	int pending;

	if (vcpu->caa_pointer == NULL)
		vcpu->caa_pointer = (volatile uint8_t *)(uintptr_t)memory_window_map(WINDOW_CAA, vcpu->caa).v;
	pending = access_exchange_byte(vcpu->caa_pointer + offsetof(struct svsm_caa, call_pending), 0);
	return pending > 0;
}

/*
 * The host may bring the monitor back at any moment; it is a request only when the guest stopped at a VMGEXIT with
 * call_pending set. Registers are not touched otherwise.
 */
static void serve(struct vcpu *vcpu)
{
	struct vmsa *vmsa = vcpu->vmsa;
	struct vcpu_call call;

	if (vmsa->exit_code != SVM_EXIT_VMGEXIT || !take_request(vcpu))
		return;
	vmsa->exit_code = EXIT_CODE_TAKEN;
	call = (struct vcpu_call){ .rax = vmsa->rax, .rcx = vmsa->rcx, .rdx = vmsa->rdx, .r8 = vmsa->r8 };
	vcpu->calls++;
	protocol_call(vcpu, &call);
	vmsa->rax = call.rax;
	vmsa->rcx = call.rcx;
	vmsa->rdx = call.rdx;
	vmsa->r8 = call.r8;
}

void vcpu_run(struct vcpu *vcpu)
{
	for (;;) {
		uint64_t generation = guest_flush_generation();
		bool flush = generation != vcpu->flush_generation;
		int error;

		vcpu->flush_generation = generation;
		vcpu->entries++;
		error = platform_plane_run(vcpu->vmsa, guest_plane, flush);
		if (error == ERR_HOST)
			log_panic(TERMINATE_GUEST_RUN, "the host refuses to run the guest at VMPL%u", guest_plane);
		if (error == 0)
			serve(vcpu);
	}
}
