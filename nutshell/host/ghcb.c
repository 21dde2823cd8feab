/* SPDX-License-Identifier: MIT */
/* VMGEXIT: the MSR protocol (56421, 2.3.1). Page calls go on in nae.c. */
#include "abi/terminate.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define GPA_MASK 0x000FFFFFFFFFF000ull
#define VERSION_MAX 2ull
#define VERSION_MIN 1ull

bool host_monitor_uses_msr;

static const char *terminate_words(uint32_t set, uint32_t code)
{
	static const char *const general[] = { "general request", "GHCB protocol version", "SNP features" };
	static const char *const guest[] = { "GHCB registration", "page state change", "PVALIDATE",
					     "not at VMPL0 and no multiple VMPLs", "CPUID table",
					     "CPUID by the hypervisor", "secrets page", "no SVSM",
					     "SVSM names VMPL0", "calling area", "Secure TSC",
					     "calling area remapping", "Secure AVIC" };
	static const char *const monitor[] = { "panic (see its log)", "CPUID page without leaf 8000001F",
					       "SEV-SNP not active as expected", "not started at VMPL0",
					       "GHCB protocol version 2 missing", "GHCB registration refused",
					       "host features missing", "launch block is not for this monitor",
					       "host's memory map is wrong or too small", "memory is not in the state it must be in",
					       "not enough memory for itself", "guest image does not fit the RAM",
					       "host refuses to run the guest", "the guest cannot be reset" };

	if (set == 0 && code < ARRAY_SIZE(general))
		return general[code];
	if (set == 1 && code < ARRAY_SIZE(guest))
		return guest[code];
	if (set == TERMINATE_SET_MONITOR && code < ARRAY_SIZE(monitor))
		return monitor[code];
	return "unknown reason";
}

static void terminate(struct vcpu *vcpu, uint64_t request)
{
	uint32_t set = (uint32_t)(request >> 12) & 0xFu, code = (uint32_t)(request >> 16) & 0xFFu;

	machine_stop(STOP_TERMINATED, "VMPL%u asked to end the VM: reason set %u, code %u: %s (at 0x%llx)", vcpu->vmpl,
		     set, code, terminate_words(set, code), (unsigned long long)vcpu_rip(vcpu));
}

static uint64_t answer_cpuid(uint64_t request)
{
	uint32_t out[4];

	machine_cpuid((uint32_t)(request >> 32), 0, 0, 0, out);
	return GHCB_MSR_CPUID_RSP | (request & 3ull << 30) | (uint64_t)out[request >> 30 & 3u] << 32;
}

static uint64_t register_ghcb(struct level *level, uint64_t request)
{
	uint64_t gpa = request & ~GHCB_MSR_CODE_MASK;

	if (gpa != (gpa & GPA_MASK) || !machine_is_ram(gpa, PAGE_SIZE))
		return ~GHCB_MSR_CODE_MASK | GHCB_MSR_REGISTER_RSP;
	level->ghcb_registered = gpa;
	return gpa | GHCB_MSR_REGISTER_RSP;
}

/* The answer is in place before the other level runs: this one resumes much later. */
static void run_vmpl(struct vcpu *vcpu, uint64_t request)
{
	struct level *level = &vcpu->level[vcpu->vmpl];
	uint32_t target = (uint32_t)(request >> 32) & 0xFFu;

	level->ghcb_msr = GHCB_MSR_RUN_VMPL_RSP;
	host_monitor_uses_msr = host_monitor_uses_msr || (vcpu->index == 0 && vcpu->vmpl == 0);
	if (machine_reset_pending && vcpu->index == 0 && vcpu->vmpl == 0) {
		machine_reset_pending = false;
		level->ghcb_msr |= GHCB_RUN_VMPL_RESET << 32;
		return;
	}
	machine_trace("VMPL%u: run VMPL%u", vcpu->vmpl, target);
	if (vcpu_switch(vcpu, target, SVM_EXIT_VMGEXIT) != 0)
		level->ghcb_msr = GHCB_MSR_RUN_VMPL_RSP | 1ull << 32;
}

static void msr_protocol(struct vcpu *vcpu, uint64_t request)
{
	struct level *level = &vcpu->level[vcpu->vmpl];
	uint64_t code = request & GHCB_MSR_CODE_MASK;

	stats_msr_protocol(vcpu->vmpl, (uint32_t)code);
	switch (code) {
	case GHCB_MSR_SEV_INFO_REQ:
		level->ghcb_msr = GHCB_MSR_SEV_INFO_RSP | VERSION_MAX << 48 | VERSION_MIN << 32 |
				  (uint64_t)machine_c_bit() << 24;
		break;
	case GHCB_MSR_CPUID_REQ:
		level->ghcb_msr = answer_cpuid(request);
		break;
	case GHCB_MSR_AP_RESET_HOLD_REQ:
		/* As the event: AP creation ends the wait, with another register state. */
		level->ghcb_msr = GHCB_MSR_AP_RESET_HOLD_RSP;
		vcpu->idle = true;
		break;
	case GHCB_MSR_PREFERRED_REQ:
		level->ghcb_msr = ~GHCB_MSR_CODE_MASK | GHCB_MSR_PREFERRED_RSP;
		break;
	case GHCB_MSR_REGISTER_REQ:
		level->ghcb_msr = register_ghcb(level, request);
		break;
	case GHCB_MSR_PSC_REQ:
		level->ghcb_msr = host_psc_msr(request);
		break;
	case GHCB_MSR_RUN_VMPL_REQ:
		run_vmpl(vcpu, request);
		break;
	case GHCB_MSR_FEATURES_REQ:
		level->ghcb_msr = GHCB_MSR_FEATURES_RSP | options.features << 12;
		break;
	case GHCB_MSR_TERMINATE:
		terminate(vcpu, request);
		break;
	default:
		machine_stop(STOP_TERMINATED, "VMPL%u: unknown GHCB MSR request 0x%llx at 0x%llx", vcpu->vmpl,
			     (unsigned long long)request, (unsigned long long)vcpu_rip(vcpu));
	}
}

void host_vmgexit(struct vcpu *vcpu)
{
	uint64_t request = vcpu->level[vcpu->vmpl].ghcb_msr;

	if (attack_before_exit(vcpu, request))
		machine_trace("the host does something else");
	else if ((request & GHCB_MSR_CODE_MASK) != 0)
		msr_protocol(vcpu, request);
	else
		nae_run(vcpu, request);
	attack_after_exit(vcpu);
	timer_annoy(vcpu);
}
