/* SPDX-License-Identifier: MIT */
/* Faults and exits that hardware gives to the hypervisor. */
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define VECTOR_GP 13u

bool host_probe_armed[SNP_VMPL_COUNT];

static void refuse(struct vcpu *vcpu, uint64_t info_1, uint64_t gpa, const char *why)
{
	if (host_probe_armed[vcpu->vmpl]) {
		host_probe_armed[vcpu->vmpl] = false;
		vcpu_inject(vcpu, VECTOR_GP, true, 0);
		return;
	}
	machine_stop(STOP_VIOLATION, "VMPL%u may not %s 0x%llx (%s), at 0x%llx", vcpu->vmpl,
		     (info_1 & NPF_WRITE) != 0 ? "write" : (info_1 & NPF_EXECUTE) != 0 ? "execute" : "read",
		     (unsigned long long)gpa, why, (unsigned long long)vcpu_rip(vcpu));
}

/* As QEMU with KVM does: an access with the other view changes the page's state; what was in it is lost. */
static void convert(struct vcpu *vcpu, uint64_t info_1, uint64_t gpa, bool to_private)
{
	machine_trace("VMPL%u: page 0x%llx becomes %s by an access at 0x%llx", vcpu->vmpl, (unsigned long long)gpa,
		      to_private ? "private" : "shared", (unsigned long long)vcpu_rip(vcpu));
	if (to_private ? !host_set_private(gpa, false) : !host_set_shared(gpa, false))
		refuse(vcpu, info_1, gpa, "the page cannot change its state");
}

void host_page_fault(struct vcpu *vcpu, uint64_t info_1, uint64_t gpa)
{
	stats_exit(vcpu->vmpl, SVM_EXIT_NPF);
	if (attack_before_fault(vcpu))
		return;
	if ((info_1 & NPF_SIZEMISMATCH) != 0)
		(void)rmp_psmash(gpa);
	else if ((info_1 & NPF_VMPL) != 0)
		refuse(vcpu, info_1, gpa, "its level has no permission");
	else if ((info_1 & NPF_ENCRYPTED) != 0 && rmp_lookup(gpa)->assigned != 0)
		refuse(vcpu, info_1, gpa, "a save area in use");
	else
		convert(vcpu, info_1, gpa, (info_1 & NPF_ENCRYPTED) != 0);
}

void host_exit(struct vcpu *vcpu, uint64_t exit_code, uint64_t info_1, uint64_t info_2)
{
	if (exit_code == SVM_EXIT_SHUTDOWN) {
		if (!options.reboot || vcpu->vmpl == 0)
			machine_stop(STOP_GUEST_DEAD, "VMPL%u shut down (triple fault) near 0x%llx", vcpu->vmpl,
				     (unsigned long long)vcpu_rip(vcpu));
		host_reset(vcpu, "triple fault");
		return;
	}
	machine_stop(STOP_GUEST_DEAD, "VMPL%u: exit 0x%llx (0x%llx, 0x%llx) at 0x%llx has no answer", vcpu->vmpl,
		     (unsigned long long)exit_code, (unsigned long long)info_1, (unsigned long long)info_2,
		     (unsigned long long)vcpu_rip(vcpu));
}
