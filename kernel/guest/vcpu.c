/* SPDX-License-Identifier: MIT */
#include "kernel/guest/vcpu.h"

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/spinlock.h"

/* A host that says that nothing runs may need a moment until that is true. */
#define STOP_TRIES 1000000u

static struct vcpu table[VCPU_MAX];
static uint32_t table_count;
static uint64_t area_counter;

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

/* No request: one that was taken, or a save area that has not run yet. */
#define EXIT_CODE_TAKEN 0ull

/*
 * The fields that decide whether a save area may run, read once, after the guest has lost its access. Only the hardware
 * writes an exit code from now on: what the guest left there must not look like a request.
 */
static int check_area(struct vmsa *area, uint64_t features)
{
	static const uint64_t none = EXIT_CODE_TAKEN;
	uint64_t efer, area_features;
	uint8_t vmpl;
	int error = access_copy(&vmpl, &area->vmpl, sizeof(vmpl));

	if (error == 0)
		error = access_copy(&efer, &area->efer, sizeof(efer));
	if (error == 0)
		error = access_copy(&area_features, &area->sev_features, sizeof(area_features));
	if (error != 0)
		return error;
	if (vmpl != guest_plane || (efer & EFER_SVME) == 0 || area_features != features)
		return ERR_INVALID;
	return access_copy(&area->exit_code, &none, sizeof(none));
}

/* A claimed page becomes a save area, or is given back as it was; the state that it is in afterwards. */
static enum page_state make_area(gpa_t vmsa, uint64_t features, int *error)
{
	enum page_state after = PAGE_VMSA;
	va_t where = memory_window_map(WINDOW_PAGE, vmsa);
	bool revoked;

	*error = platform_page_label(where, false, guest_plane, LABEL_NONE);
	revoked = *error == 0;
	guest_flush_request();
	guest_flush(); /* from here on nobody changes what is checked */
	if (*error == 0)
		*error = check_area((struct vmsa *)(uintptr_t)where.v, features);
	if (*error == 0)
		*error = platform_page_label(where, false, guest_plane, LABEL_VMSA);
	/* What was not revoked is the guest's still, as far as anyone can tell. */
	if (*error != 0) {
		bool given_back = platform_page_label(where, false, guest_plane, LABEL_GUEST_RWX) == 0;

		after = given_back || !revoked ? PAGE_VALIDATED : PAGE_LOST;
	}
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

/* True when a calling area serves an area of this vCPU other than except. */
static bool caa_in_use(const struct vcpu *vcpu, gpa_t caa, const struct vcpu_area *except)
{
	if (vcpu->vmsa != NULL && vcpu->caa.v == caa.v && (except == NULL || vcpu->vmsa_gpa.v != except->vmsa.v))
		return true;
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		const struct vcpu_area *area = &vcpu->area[i];

		if (area->used && area != except && area->caa.v == caa.v)
			return true;
	}
	return false;
}

/* A calling area that serves nothing any more is ordinary memory again. */
static void release_caa(const struct vcpu *vcpu, gpa_t caa, const struct vcpu_area *except)
{
	if (!caa_in_use(vcpu, caa, except) && claim_page(caa, PAGE_CAA) == 0)
		settle_page(caa, PAGE_VALIDATED);
}

static uint64_t next_number(void)
{
	return __atomic_add_fetch(&area_counter, 1, __ATOMIC_RELAXED);
}

static int create_locked(struct vcpu *vcpu, gpa_t vmsa, gpa_t caa, uint64_t features)
{
	struct vcpu_area *area = free_area(vcpu);
	/* A vCPU that is started again keeps its calling area: its old save area is deleted only afterwards. */
	bool shared = caa_in_use(vcpu, caa, NULL);
	enum page_state after;
	int error;

	if (area == NULL)
		return ERR_STATE;
	error = claim_page(vmsa, PAGE_VALIDATED);
	if (error != 0)
		return error;
	error = claim_page(caa, shared ? PAGE_CAA : PAGE_VALIDATED);
	if (error != 0) {
		settle_page(vmsa, PAGE_VALIDATED);
		return error;
	}
	after = make_area(vmsa, features, &error);
	settle_page(vmsa, after);
	settle_page(caa, error == 0 || shared ? PAGE_CAA : PAGE_VALIDATED);
	if (error == 0)
		*area = (struct vcpu_area){ .vmsa = vmsa, .caa = caa, .used = true, .number = next_number() };
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
	spinlock_acquire(&vcpu->area_lock);
	error = create_locked(vcpu, vmsa, caa, features);
	spinlock_release(&vcpu->area_lock);
	return error;
}

static struct vcpu_area *find_area(struct vcpu *vcpu, gpa_t vmsa)
{
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		if (vcpu->area[i].used && vcpu->area[i].vmsa.v == vmsa.v)
			return &vcpu->area[i];
	}
	return NULL;
}

/*
 * Takes the save area's special state away and hands the page back to the guest. The hardware refuses while it runs,
 * before anything has changed. A page that the monitor cannot reach stays what it is: the host may put it back, and run it.
 */
static enum page_state unmake_area(gpa_t vmsa, int *error)
{
	va_t where = memory_window_map(WINDOW_PAGE, vmsa);
	enum page_state after = PAGE_VMSA;

	*error = platform_page_label(where, false, guest_plane, LABEL_NONE);
	guest_flush_request();
	if (*error == 0) {
		*error = platform_plane_disable((struct vmsa *)(uintptr_t)where.v);
		if (*error == 0)
			*error = platform_page_label(where, false, guest_plane, LABEL_GUEST_RWX);
		after = *error == 0 ? PAGE_VALIDATED : PAGE_LOST;
	}
	memory_window_unmap(WINDOW_PAGE);
	return after;
}

/* The area's vCPU is not being served by anyone. */
static int delete_idle(struct vcpu *vcpu, struct vcpu_area *area)
{
	enum page_state after;
	int error = claim_page(area->vmsa, PAGE_VMSA);

	if (error != 0)
		return ERR_BUSY;
	after = unmake_area(area->vmsa, &error);
	settle_page(area->vmsa, after);
	if (after == PAGE_VMSA)
		return error;
	if (vcpu->vmsa != NULL && vcpu->vmsa_gpa.v == area->vmsa.v) {
		vcpu->vmsa = NULL;
		area->caa = vcpu->caa;
	}
	release_caa(vcpu, area->caa, area);
	area->used = false;
	return error;
}

/* ERR_INVALID: it is not an area of this vCPU. */
static int delete_locked(const struct vcpu *caller, struct vcpu *vcpu, gpa_t vmsa)
{
	struct vcpu_area *area = find_area(vcpu, vmsa);
	int error;

	if (area == NULL)
		return ERR_INVALID;
	if (vcpu == caller)
		return vcpu->vmsa_gpa.v == vmsa.v ? ERR_STATE : delete_idle(vcpu, area);
	if (!spinlock_try(&vcpu->lock))
		return ERR_BUSY;
	error = delete_idle(vcpu, area);
	spinlock_release(&vcpu->lock);
	return error == ERR_BUSY ? ERR_STATE : error;
}

int vcpu_delete(const struct vcpu *caller, gpa_t vmsa)
{
	int error = ERR_INVALID;

	if (!is_aligned(vmsa.v, PAGE_SIZE))
		return ERR_INVALID;
	for (uint32_t i = 0; i < table_count && error == ERR_INVALID; i++) {
		spinlock_acquire(&table[i].area_lock);
		error = delete_locked(caller, &table[i], vmsa);
		spinlock_release(&table[i].area_lock);
	}
	return error;
}

/* Writes down where the calling area of the present save area is. */
static void leave_area(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		if (vcpu->area[i].used && vcpu->vmsa != NULL && vcpu->area[i].vmsa.v == vcpu->vmsa_gpa.v)
			vcpu->area[i].caa = vcpu->caa;
	}
}

static int clear_header(gpa_t caa)
{
	static const uint8_t zero[SVSM_CAA_HEADER_SIZE];
	va_t where = memory_window_map(WINDOW_PAGE, caa);
	int error = access_copy((void *)(uintptr_t)where.v, zero, sizeof(zero));

	memory_window_unmap(WINDOW_PAGE);
	return error;
}

static int remap_locked(struct vcpu *vcpu, gpa_t caa)
{
	gpa_t old = vcpu->caa;
	int error;

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
	leave_area(vcpu);
	release_caa(vcpu, old, NULL);
	return 0;
}

int vcpu_remap_caa(struct vcpu *vcpu, gpa_t caa)
{
	int error;

	if (!is_aligned(caa.v, PAGE_SIZE))
		return ERR_INVALID;
	spinlock_acquire(&vcpu->area_lock);
	error = remap_locked(vcpu, caa);
	spinlock_release(&vcpu->area_lock);
	return error;
}

/* ---- reset ---- */

/* The vCPUs' own locks first: then nobody is left that could wait for, or hold, one of the others. */
void vcpu_lock_all(void)
{
	for (uint32_t i = 0; i < table_count; i++)
		spinlock_acquire(&table[i].lock);
	for (uint32_t i = 0; i < table_count; i++)
		spinlock_acquire(&table[i].area_lock);
}

void vcpu_unlock_all(void)
{
	for (uint32_t i = table_count; i-- > 0;) {
		spinlock_release(&table[i].area_lock);
		spinlock_release(&table[i].lock);
	}
}

/* The first area of the first vCPU, in the monitor's memory: the instruction says whether it runs. */
static int stop_own_area(struct vcpu *vcpu)
{
	va_t where = va((uint64_t)(uintptr_t)vcpu->own_area);
	int error = platform_page_label(where, false, guest_plane, LABEL_OWN_VMSA);

	return error != 0 ? error : platform_plane_disable(vcpu->own_area);
}

static int stop_vcpu(struct vcpu *vcpu)
{
	int error;

	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		struct vcpu_area *area = &vcpu->area[i];

		error = area->used ? delete_idle(vcpu, area) : 0;
		if (error != 0)
			return error;
	}
	error = vcpu->own_area != NULL ? stop_own_area(vcpu) : 0;
	if (error != 0)
		return error;
	vcpu->vmsa = NULL;
	vcpu->caa_pointer = NULL;
	vcpu->entries = vcpu->calls = 0;
	release_caa(vcpu, vcpu->caa, NULL);
	return 0;
}

int vcpu_stop_all(void)
{
	int error = 0;

	for (uint32_t i = 0; i < table_count && error == 0; i++) {
		error = ERR_BUSY;
		for (uint32_t tries = 0; tries < STOP_TRIES && error == ERR_BUSY; tries++)
			error = stop_vcpu(&table[i]);
	}
	return error;
}

/* ---- requests ---- */

static int read_field(const uint64_t *field, uint64_t *value)
{
	return access_copy(value, field, sizeof(*value));
}

/*
 * True when the area stopped at a VMGEXIT and its calling area has call_pending set, which is cleared: exactly once for
 * each request. What cannot be accessed holds no request.
 */
static bool area_has_request(struct vmsa *vmsa, volatile uint8_t *caa)
{
	static const uint64_t taken = EXIT_CODE_TAKEN;
	uint64_t exit_code;

	if (read_field(&vmsa->exit_code, &exit_code) != 0 || exit_code != SVM_EXIT_VMGEXIT)
		return false;
	if (access_exchange_byte(caa + offsetof(struct svsm_caa, call_pending), 0) <= 0)
		return false;
	/* From here on the host cannot run the area; until here it could have. */
	if (platform_plane_disable(vmsa) != 0)
		return false;
	if (read_field(&vmsa->exit_code, &exit_code) != 0 || exit_code != SVM_EXIT_VMGEXIT)
		return false;
	return access_copy(&vmsa->exit_code, &taken, sizeof(taken)) == 0;
}

static bool read_call(struct vmsa *vmsa, struct vcpu_call *call)
{
	return read_field(&vmsa->rax, &call->rax) == 0 && read_field(&vmsa->rcx, &call->rcx) == 0 &&
	       read_field(&vmsa->rdx, &call->rdx) == 0 && read_field(&vmsa->r8, &call->r8) == 0;
}

static bool take_from_present(struct vcpu *vcpu)
{
	if (vcpu->vmsa == NULL)
		return false;
	if (vcpu->caa_pointer == NULL)
		vcpu->caa_pointer = (volatile uint8_t *)(uintptr_t)memory_window_map(WINDOW_CAA, vcpu->caa).v;
	return area_has_request(vcpu->vmsa, vcpu->caa_pointer);
}

/* The newest area older than number that is not the present one. */
static struct vcpu_area *next_area(struct vcpu *vcpu, uint64_t number)
{
	struct vcpu_area *found = NULL;

	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		struct vcpu_area *area = &vcpu->area[i];

		if (!area->used || area->number >= number)
			continue;
		if (vcpu->vmsa != NULL && vcpu->vmsa_gpa.v == area->vmsa.v)
			continue;
		if (found == NULL || area->number > found->number)
			found = area;
	}
	return found;
}

/*
 * The area becomes the present one. The first area of the first vCPU makes no more requests once it was left, so that its
 * calling area may serve nothing any more.
 */
static void enter_area(struct vcpu *vcpu, const struct vcpu_area *area)
{
	bool had_one = vcpu->vmsa != NULL;
	gpa_t old = vcpu->caa;

	leave_area(vcpu);
	vcpu->vmsa = (struct vmsa *)(uintptr_t)memory_window_map(WINDOW_VMSA, area->vmsa).v;
	vcpu->vmsa_gpa = area->vmsa;
	vcpu->caa = area->caa;
	vcpu->caa_pointer = NULL;
	if (had_one)
		release_caa(vcpu, old, NULL);
}

static bool take_from_others(struct vcpu *vcpu)
{
	struct vcpu_area *area = next_area(vcpu, ~0ull);

	for (; area != NULL; area = next_area(vcpu, area->number)) {
		struct vmsa *vmsa = (struct vmsa *)(uintptr_t)memory_window_map(WINDOW_PAGE, area->vmsa).v;
		volatile uint8_t *caa = (volatile uint8_t *)(uintptr_t)memory_window_map(WINDOW_COPY, area->caa).v;
		bool found = area_has_request(vmsa, caa);

		memory_window_unmap(WINDOW_COPY);
		memory_window_unmap(WINDOW_PAGE);
		if (found) {
			enter_area(vcpu, area);
			return true;
		}
	}
	return false;
}

bool vcpu_take_request(struct vcpu *vcpu, struct vcpu_call *call)
{
	bool found = take_from_present(vcpu);

	if (!found) {
		spinlock_acquire(&vcpu->area_lock);
		found = take_from_others(vcpu);
		spinlock_release(&vcpu->area_lock);
	}
	return found && read_call(vcpu->vmsa, call);
}
