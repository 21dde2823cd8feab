/* SPDX-License-Identifier: MIT */
/* Events about vCPUs: creation, and the list of APIC ids (56421, 4.1.9 and 4.1.15). */
#include "lib/string.h"
#include "nutshell/host/host.h"

static struct vcpu *find_vcpu(uint32_t apic_id)
{
	for (uint32_t i = 0; i < machine_vcpu_count; i++) {
		if (machine_vcpu[i].apic_id == apic_id)
			return &machine_vcpu[i];
	}
	return NULL;
}

static bool create_is_sane(const struct event *event, uint32_t vmpl, uint64_t vmsa)
{
	if (!event_has(event, GHCB_VALID_BIT(rax)) || (event->rax & SEV_FEATURE_SNP_ACTIVE) == 0)
		return false;
	if (!is_aligned(vmsa, PAGE_SIZE) || is_aligned(vmsa, PAGE_SIZE_2M) || rmp_lookup(vmsa) == NULL)
		return false;
	return vmpl != 0 || event->vcpu->vmpl == 0;
}

void nae_ap_creation(struct event *event)
{
	uint64_t request = event->info_1 & 0xFFFFu;
	uint32_t vmpl = (uint32_t)(event->info_1 >> AP_CREATION_VMPL_SHIFT) & 0xFu;
	uint32_t apic_id = (uint32_t)(event->info_1 >> AP_CREATION_APIC_ID_SHIFT);
	struct vcpu *target = find_vcpu(apic_id);

	machine_trace("VMPL%u: AP creation %llu, APIC id %u, VMPL%u, VMSA 0x%llx", event->vcpu->vmpl,
		      (unsigned long long)request, apic_id, vmpl, (unsigned long long)event->info_2);
	if (target == NULL || vmpl >= SNP_VMPL_COUNT || vmpl < event->vcpu->vmpl || request > AP_DESTROY ||
	    (target == event->vcpu && vmpl == target->vmpl) ||
	    (request != AP_DESTROY && !create_is_sane(event, vmpl, event->info_2))) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	if (request == AP_DESTROY) {
		target->level[vmpl].vmsa_gpa = 0;
		vcpu_request_stop(event->vcpu, target, vmpl);
	} else {
		target->level[vmpl].vmsa_gpa = event->info_2;
		target->level[vmpl].sev_features = event->rax;
		if (request == AP_CREATE && target != event->vcpu && vcpu_request_start(event->vcpu, target, vmpl) != 0)
			event_malformed(event, GHCB_REASON_INVALID_INPUT);
	}
	/* The lock was free for a while: the page may not be shared any more. */
	event->ghcb = (void *)host_shared_page(event->ghcb_gpa);
	if (event->ghcb == NULL)
		machine_stop(STOP_TERMINATED, "VMPL%u took its GHCB page away during an event", event->vcpu->vmpl);
}

/*
 * The vCPU waits to be started again. Start-up requests never arrive here, so AP creation is what ends the wait, with
 * another register state: this event is never answered.
 */
void nae_ap_reset_hold(struct event *event)
{
	event->vcpu->idle = true;
}

void nae_apic_ids(struct event *event)
{
	uint32_t list[MACHINE_VCPU_MAX + 1];
	uint8_t *page = host_shared_page(event->info_1);

	if (!event_has(event, GHCB_VALID_BIT(rax))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return;
	}
	if (event->rax == 0) {
		event_set(event, &event->ghcb->rax, 1);
		return;
	}
	if (page == NULL || !is_aligned(event->info_1, PAGE_SIZE)) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	list[0] = machine_vcpu_count;
	for (uint32_t i = 0; i < machine_vcpu_count; i++)
		list[i + 1] = machine_vcpu[i].apic_id;
	memcpy(page, list, (machine_vcpu_count + 1u) * sizeof(list[0]));
	event_set(event, &event->ghcb->rax, event->rax);
}
