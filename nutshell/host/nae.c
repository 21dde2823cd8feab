/* SPDX-License-Identifier: MIT */
/* Non-automatic exit events through the GHCB page (56421, 4.1), checked as KVM checks them. */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/host/host.h"

#define EVENT_TYPE_EXCEPTION (3ull << 8)
#define EVENT_HAS_ERROR (1ull << 11)
#define EVENT_VALID (1ull << 31)
#define VECTOR_GP 13u
#define DR7_FIXED 0x400u
#define MSR_TSC_AUX 0xC0000103u
#define NO_SUCH_CALL (~0ull - 999u) /* -1000, as KVM answers */

bool event_has(const struct event *event, size_t bit)
{
	return ((uint32_t)event->valid[bit / 8u] >> (bit % 8u) & 1u) != 0;
}

static void mark_valid(struct event *event, size_t bit)
{
	event->ghcb->valid_bitmap[bit / 8u] = (uint8_t)(event->ghcb->valid_bitmap[bit / 8u] | 1u << (bit % 8u));
}

void event_set(struct event *event, uint64_t *field, uint64_t value)
{
	*field = value;
	mark_valid(event, (size_t)((uint8_t *)field - (uint8_t *)event->ghcb) / 8u);
}

void event_malformed(struct event *event, uint32_t reason)
{
	machine_trace("VMPL%u: event 0x%llx is malformed, reason %u", event->vcpu->vmpl,
		      (unsigned long long)event->code, reason);
	event->status = GHCB_STATUS_MALFORMED;
	event->result = reason;
}

void event_exception(struct event *event, uint8_t vector, bool has_error)
{
	event->status = GHCB_STATUS_EXCEPTION;
	event->result = vector | EVENT_TYPE_EXCEPTION | EVENT_VALID | (has_error ? EVENT_HAS_ERROR : 0);
}

uint8_t *event_scratch(const struct event *event, uint64_t size)
{
	uint64_t buffer = event->ghcb_gpa + offsetof(struct ghcb, shared_buffer);
	uint8_t *first;

	if (!event_has(event, GHCB_VALID_BIT(sw_scratch)) || size == 0)
		return NULL;
	/* Fixed-size lists may be cut by the end of the buffer: what counts is what the guest may name. */
	if (event->scratch >= event->ghcb_gpa && event->scratch < event->ghcb_gpa + PAGE_SIZE)
		return range_within(event->scratch, size, buffer, buffer + GHCB_SHARED_BUFFER_SIZE) ?
			       event->ghcb->shared_buffer + (event->scratch - buffer) :
			       NULL;
	if (size > 16 * PAGE_SIZE || !range_within(event->scratch, size, 0, ~0ull))
		return NULL;
	/* All of it must be the host's, and in one piece: what machine_back_page() made may lie anywhere. */
	first = host_shared_page(event->scratch);
	for (uint64_t at = align_down(event->scratch, PAGE_SIZE), page = 0; at < event->scratch + size; at += PAGE_SIZE) {
		if (first == NULL || host_shared_page(at) != first + page)
			return NULL;
		page += PAGE_SIZE;
	}
	return first + (event->scratch & PAGE_MASK);
}

static void nae_cpuid(struct event *event)
{
	struct ghcb *ghcb = event->ghcb;
	uint32_t out[4];

	if (!event_has(event, GHCB_VALID_BIT(rax)) || !event_has(event, GHCB_VALID_BIT(rcx)) ||
	    ((uint32_t)event->rax == 0xD && !event_has(event, GHCB_VALID_BIT(xcr0)))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return;
	}
	machine_cpuid((uint32_t)event->rax, (uint32_t)event->rcx, ghcb->xcr0, 0, out);
	event_set(event, &ghcb->rax, out[0]);
	event_set(event, &ghcb->rbx, out[1]);
	event_set(event, &ghcb->rcx, out[2]);
	event_set(event, &ghcb->rdx, out[3]);
}

static void nae_tsc(struct event *event)
{
	uint64_t tsc = asm_read_tsc();

	event_set(event, &event->ghcb->rax, (uint32_t)tsc);
	event_set(event, &event->ghcb->rdx, tsc >> 32);
	if (event->code == SVM_EXIT_RDTSCP)
		event_set(event, &event->ghcb->rcx, (uint32_t)asm_read_msr(MSR_TSC_AUX));
}

/* The machine has no performance counters. */
static void nae_rdpmc(struct event *event)
{
	if (!event_has(event, GHCB_VALID_BIT(rcx)))
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
	else
		event_exception(event, VECTOR_GP, true);
}

static void nae_dr7(struct event *event)
{
	struct level *level = &event->vcpu->level[event->vcpu->vmpl];

	if (event->code == SVM_EXIT_READ_DR7)
		event_set(event, &event->ghcb->rax, level->dr7 | DR7_FIXED);
	else if (!event_has(event, GHCB_VALID_BIT(rax)))
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
	else
		level->dr7 = event->rax;
}

/* A hypervisor without hypercalls. */
static void nae_vmmcall(struct event *event)
{
	if (!event_has(event, GHCB_VALID_BIT(rax)) || !event_has(event, GHCB_VALID_BIT(cpl)))
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
	else
		event_set(event, &event->ghcb->rax, NO_SUCH_CALL);
}

static void nae_run_vmpl(struct event *event)
{
	uint64_t target = event->info_1;

	if (target >= SNP_VMPL_COUNT) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	/* The caller resumes long after this: its answer is written first. */
	event_set(event, &event->ghcb->sw_exit_info_1, 0);
	event_set(event, &event->ghcb->sw_exit_info_2, 0);
	event->switched = vcpu_switch(event->vcpu, (uint32_t)target, SVM_EXIT_VMGEXIT) == 0;
	if (!event->switched)
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
}

static void nae_terminate(struct event *event)
{
	machine_stop(STOP_TERMINATED, "VMPL%u asked to end the VM: reason set %llu, code %llu, information 0x%llx",
		     event->vcpu->vmpl, (unsigned long long)(event->info_1 & 0xFu),
		     (unsigned long long)(event->info_1 >> 4 & 0xFFu), (unsigned long long)event->info_2);
}

static void nae_unsupported(struct event *event)
{
	machine_stop(STOP_TERMINATED, "VMPL%u cannot handle exit 0x%llx (error 0x%llx) near 0x%llx", event->vcpu->vmpl,
		     (unsigned long long)event->info_1, (unsigned long long)event->info_2,
		     (unsigned long long)vcpu_rip(event->vcpu));
}

static void dispatch(struct event *event)
{
	switch (event->code) {
	case SVM_EXIT_CPUID:
		nae_cpuid(event);
		break;
	case SVM_EXIT_RDTSC:
	case SVM_EXIT_RDTSCP:
		nae_tsc(event);
		break;
	case SVM_EXIT_RDPMC:
		nae_rdpmc(event);
		break;
	case SVM_EXIT_READ_DR7:
	case SVM_EXIT_WRITE_DR7:
		nae_dr7(event);
		break;
	case SVM_EXIT_VMMCALL:
		nae_vmmcall(event);
		break;
	case SVM_EXIT_IOIO:
		nae_ioio(event);
		break;
	case SVM_EXIT_MSR:
		nae_msr(event);
		break;
	case GHCB_EXIT_MMIO_READ:
	case GHCB_EXIT_MMIO_WRITE:
		nae_mmio(event, event->code == GHCB_EXIT_MMIO_WRITE);
		break;
	case SVM_EXIT_WBINVD:
	case SVM_EXIT_INVD:
	case SVM_EXIT_MONITOR:
	case SVM_EXIT_MWAIT:
	case GHCB_EXIT_NMI_COMPLETE:
		break;
	case GHCB_EXIT_AP_RESET_HOLD:
		nae_ap_reset_hold(event);
		break;
	case GHCB_EXIT_PSC:
		nae_psc(event);
		break;
	case GHCB_EXIT_GUEST_REQUEST:
	case GHCB_EXIT_EXTENDED_GUEST_REQUEST:
		nae_guest_request(event, event->code == GHCB_EXIT_EXTENDED_GUEST_REQUEST);
		break;
	case GHCB_EXIT_AP_CREATION:
		nae_ap_creation(event);
		break;
	case GHCB_EXIT_GET_APIC_IDS:
		nae_apic_ids(event);
		break;
	case GHCB_EXIT_RUN_VMPL:
		nae_run_vmpl(event);
		break;
	case GHCB_EXIT_FEATURES:
		event->result = options.features;
		break;
	case GHCB_EXIT_TERMINATE:
		nae_terminate(event);
		break;
	case GHCB_EXIT_UNSUPPORTED:
		nae_unsupported(event);
		break;
	default:
		event_malformed(event, GHCB_REASON_INVALID_EVENT);
		break;
	}
}

/* Copies the inputs once and takes the guest's valid bits away. */
static bool read_event(struct event *event)
{
	volatile struct ghcb *ghcb = event->ghcb;

	for (uint32_t i = 0; i < sizeof(event->valid); i++) {
		event->valid[i] = ghcb->valid_bitmap[i];
		ghcb->valid_bitmap[i] = 0;
	}
	event->code = ghcb->sw_exit_code;
	event->info_1 = ghcb->sw_exit_info_1;
	event->info_2 = ghcb->sw_exit_info_2;
	event->scratch = ghcb->sw_scratch;
	event->rax = ghcb->rax;
	event->rbx = ghcb->rbx;
	event->rcx = ghcb->rcx;
	event->rdx = ghcb->rdx;
	if (ghcb->usage != 0) {
		event_malformed(event, GHCB_REASON_INVALID_USAGE);
		return false;
	}
	if (!event_has(event, GHCB_VALID_BIT(sw_exit_code)) || !event_has(event, GHCB_VALID_BIT(sw_exit_info_1)) ||
	    !event_has(event, GHCB_VALID_BIT(sw_exit_info_2))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return false;
	}
	return true;
}

void nae_run(struct vcpu *vcpu, uint64_t ghcb_gpa)
{
	uint32_t vmpl = vcpu->vmpl;
	struct event event = { .vcpu = vcpu, .ghcb_gpa = ghcb_gpa, .ghcb = (void *)host_shared_page(ghcb_gpa) };

	if (vcpu->level[vmpl].ghcb_registered != ghcb_gpa || event.ghcb == NULL)
		machine_stop(STOP_TERMINATED, "VMPL%u: GHCB 0x%llx is %s, at 0x%llx", vmpl,
			     (unsigned long long)ghcb_gpa, event.ghcb == NULL ? "not a shared page" : "not registered",
			     (unsigned long long)vcpu_rip(vcpu));
	if (read_event(&event)) {
		stats_nae(vmpl, event.code);
		machine_trace("VMPL%u: event 0x%llx (0x%llx, 0x%llx)", vmpl, (unsigned long long)event.code,
			      (unsigned long long)event.info_1, (unsigned long long)event.info_2);
		dispatch(&event);
	}
	/* After a reset of the guest the level that asked is not there to be answered. */
	if (event.switched || !vcpu->online || vcpu->vmpl != vmpl)
		return;
	if (host_shared_page(ghcb_gpa) == NULL)
		machine_stop(STOP_TERMINATED, "VMPL%u took its GHCB page away during an event", vmpl);
	event_set(&event, &event.ghcb->sw_exit_info_1, event.status);
	event_set(&event, &event.ghcb->sw_exit_info_2, event.result);
}
