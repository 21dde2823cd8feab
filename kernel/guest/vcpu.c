/* SPDX-License-Identifier: MIT */
#include "kernel/guest/vcpu.h"

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/spinlock.h"

static struct spinlock vcpu_lock;
static struct vcpu table[VCPU_MAX];
static uint32_t table_count;

int vcpu_table_init(const uint32_t *apic_id, uint32_t count)
{
	if (count == 0 || count > VCPU_MAX)
		return ERR_INVALID;
	for (uint32_t i = 0; i < count; i++)
		table[i] = (struct vcpu){ .apic_id = apic_id[i] };
	table_count = count;
	return 0;
}

struct vcpu *vcpu_by_index(uint32_t index)
{
	return index < table_count ? &table[index] : NULL;
}

struct vcpu *vcpu_by_apic_id(uint32_t apic_id)
{
	for (uint32_t i = 0; i < table_count; i++) {
		if (table[i].apic_id == apic_id)
			return &table[i];
	}
	return NULL;
}

uint32_t vcpu_count(void)
{
	return table_count;
}

static int claim_page(gpa_t address, enum page_state from)
{
	enum page_state found;
	int error = page_state_claim(&memory_pages, address, false, from, &found);

	return error == 0 ? 0 : ERR_ADDRESS;
}

static void settle_page(gpa_t address, enum page_state state)
{
	page_state_settle(&memory_pages, address, false, state);
}

/* The fields that decide whether a save area may run, read once, after the guest has lost its access. */
static int check_area(const struct vmsa *area, uint64_t features)
{
	uint64_t efer, area_features;
	uint8_t vmpl;
	int error = access_copy(&vmpl, &area->vmpl, sizeof(vmpl));

	if (error == 0)
		error = access_copy(&efer, &area->efer, sizeof(efer));
	if (error == 0)
		error = access_copy(&area_features, &area->sev_features, sizeof(area_features));
	if (error != 0)
		return error;
	return vmpl == guest_plane && (efer & EFER_SVME) != 0 && area_features == features ? 0 : ERR_INVALID;
}

/* A claimed page becomes a save area, or is given back as it was; the state that it is in afterwards. */
static enum page_state make_area(gpa_t vmsa, uint64_t features, int *error)
{
	enum page_state after = PAGE_VMSA;
	va_t where = memory_window_map(WINDOW_PAGE, vmsa);

	*error = platform_page_label(where, false, guest_plane, LABEL_NONE);
	if (*error == 0) {
		guest_flush_request();
		*error = check_area((const struct vmsa *)(uintptr_t)where.v, features);
	}
	if (*error == 0)
		*error = platform_page_label(where, false, guest_plane, LABEL_VMSA);
	if (*error != 0)
		after = platform_page_label(where, false, guest_plane, LABEL_GUEST_RWX) == 0 ? PAGE_VALIDATED :
											       PAGE_LOST;
	memory_window_unmap(WINDOW_PAGE);
	return after;
}

static struct vcpu_area *free_area(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		if (!vcpu->area[i].used)
			return &vcpu->area[i];
	}
	return NULL;
}

static int create_locked(struct vcpu *vcpu, gpa_t vmsa, gpa_t caa, uint64_t features)
{
	struct vcpu_area *area = free_area(vcpu);
	enum page_state after;
	int error;

	if (area == NULL)
		return ERR_STATE;
	error = claim_page(vmsa, PAGE_VALIDATED);
	if (error != 0)
		return error;
	error = claim_page(caa, PAGE_VALIDATED);
	if (error != 0) {
		settle_page(vmsa, PAGE_VALIDATED);
		return error;
	}
	after = make_area(vmsa, features, &error);
	settle_page(vmsa, after);
	settle_page(caa, error == 0 ? PAGE_CAA : PAGE_VALIDATED);
	if (error == 0)
		*area = (struct vcpu_area){ .vmsa = vmsa, .caa = caa, .used = true };
	return error;
}

int vcpu_create(uint32_t apic_id, gpa_t vmsa, gpa_t caa, uint64_t features)
{
	struct vcpu *vcpu = vcpu_by_apic_id(apic_id);
	int error;

	if (!is_aligned(vmsa.v | caa.v, PAGE_SIZE) || vcpu == NULL)
		return ERR_INVALID;
	if (vmsa.v == caa.v)
		return ERR_ADDRESS;
	spinlock_acquire(&vcpu_lock);
	error = create_locked(vcpu, vmsa, caa, features);
	spinlock_release(&vcpu_lock);
	return error;
}

static struct vcpu_area *find_area(gpa_t vmsa, struct vcpu **vcpu)
{
	for (uint32_t i = 0; i < table_count; i++) {
		for (uint32_t j = 0; j < VCPU_AREAS_MAX; j++) {
			if (table[i].area[j].used && table[i].area[j].vmsa.v == vmsa.v) {
				*vcpu = &table[i];
				return &table[i].area[j];
			}
		}
	}
	return NULL;
}

/* Takes the save area's special state away and hands the page back to the guest. */
static enum page_state unmake_area(gpa_t vmsa, int *error)
{
	va_t where = memory_window_map(WINDOW_PAGE, vmsa);
	struct vmsa *area = (struct vmsa *)(uintptr_t)where.v;
	enum page_state after = PAGE_VMSA;
	uint64_t efer;

	*error = access_copy(&efer, &area->efer, sizeof(efer));
	efer &= ~EFER_SVME;
	if (*error == 0)
		*error = access_copy(&area->efer, &efer, sizeof(efer));
	if (*error == 0)
		*error = platform_page_label(where, false, guest_plane, LABEL_NONE);
	if (*error == 0) {
		*error = platform_page_label(where, false, guest_plane, LABEL_GUEST_RWX);
		after = *error == 0 ? PAGE_VALIDATED : PAGE_LOST;
	}
	memory_window_unmap(WINDOW_PAGE);
	return after;
}

static int delete_locked(gpa_t vmsa)
{
	struct vcpu *vcpu = NULL;
	struct vcpu_area *area = find_area(vmsa, &vcpu);
	enum page_state after;
	int error;

	if (area == NULL)
		return ERR_INVALID;
	if (vcpu->vmsa != NULL && vcpu->vmsa_gpa.v == vmsa.v)
		return ERR_BUSY;
	error = claim_page(vmsa, PAGE_VMSA);
	if (error != 0)
		return ERR_BUSY;
	after = unmake_area(vmsa, &error);
	settle_page(vmsa, after);
	if (after == PAGE_VMSA)
		return error;
	if (claim_page(area->caa, PAGE_CAA) == 0)
		settle_page(area->caa, PAGE_VALIDATED);
	area->used = false;
	return error;
}

int vcpu_delete(gpa_t vmsa)
{
	int error;

	if (!is_aligned(vmsa.v, PAGE_SIZE))
		return ERR_INVALID;
	spinlock_acquire(&vcpu_lock);
	error = delete_locked(vmsa);
	spinlock_release(&vcpu_lock);
	return error;
}

static int clear_header(gpa_t caa)
{
	static const uint8_t zero[SVSM_CAA_HEADER_SIZE];
	va_t where = memory_window_map(WINDOW_PAGE, caa);
	int error = access_copy((void *)(uintptr_t)where.v, zero, sizeof(zero));

	memory_window_unmap(WINDOW_PAGE);
	return error;
}

int vcpu_remap_caa(struct vcpu *vcpu, gpa_t caa)
{
	gpa_t old = vcpu->caa;
	int error;

	if (!is_aligned(caa.v, PAGE_SIZE))
		return ERR_INVALID;
	if (caa.v == old.v)
		return 0;
	error = claim_page(caa, PAGE_VALIDATED);
	if (error != 0)
		return error;
	error = clear_header(caa);
	settle_page(caa, error == 0 ? PAGE_CAA : PAGE_VALIDATED);
	if (error != 0)
		return error;
	vcpu->caa = caa;
	vcpu->caa_pointer = NULL;
	if (claim_page(old, PAGE_CAA) == 0)
		settle_page(old, PAGE_VALIDATED);
	return 0;
}
