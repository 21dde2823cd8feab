/* SPDX-License-Identifier: MIT */
#include "tests/mock/mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/guest/pages.h"
#include "kernel/platform/log.h"
#include "kernel/x86/access.h"
#include "kernel/x86/percpu.h"

struct mock_page mock_rmp[MOCK_PAGES];
uint8_t mock_ram[MOCK_RAM_SIZE];
uint64_t mock_pvalidate_count;
uint64_t mock_fault_countdown;
uint64_t mock_flushes;
bool mock_unflushed;
int (*mock_guest)(uint32_t plane);
void (*mock_idle)(void);
void (*mock_panic)(uint8_t code);
struct page_state_map memory_pages;

static uint64_t scratch[PAGE_SIZE / sizeof(uint64_t)];
static struct percpu cpu = { .self = &cpu, .scratch = scratch };
static struct vmsa first_vmsa;
static uint8_t *state_memory;

struct percpu *percpu_self(void)
{
	return &cpu;
}

void mock_reset(void)
{
	memset(mock_ram, MOCK_RAM_FILL, sizeof(mock_ram));
	mock_reset_states();
}

void mock_reset_states(void)
{
	static const uint32_t apic_id[] = { 0, 1 };
	struct page_range range = { MOCK_RAM_BASE, MOCK_RAM_BASE + MOCK_RAM_SIZE };
	uint64_t size;

	memset(mock_rmp, 0, sizeof(mock_rmp));
	for (uint64_t i = 0; i < MOCK_PAGES; i++) {
		uint64_t block = align_down(MOCK_RAM_BASE + i * PAGE_SIZE, PAGE_SIZE_2M);

		mock_rmp[i].assigned = true;
		mock_rmp[i].size_2m = block >= MOCK_RAM_BASE &&
				      block + PAGE_SIZE_2M <= MOCK_RAM_BASE + MOCK_RAM_SIZE;
		mock_rmp[i].perms[0] = 0xF;
	}
	free(state_memory);
	if (page_state_size(&range, 1, &size) != 0)
		abort();
	state_memory = malloc(size);
	if (state_memory == NULL || page_state_init(&memory_pages, &range, 1, state_memory, size) != 0 ||
	    vcpu_table_init(apic_id, 2) != 0)
		abort();
	mock_pvalidate_count = 0;
	mock_fault_countdown = 0;
	mock_flushes = 0;
	mock_unflushed = false;
	mock_guest = NULL;
	mock_idle = NULL;
	mock_panic = NULL;
	mock_refuse_private = 0;
	mock_refuse_area = false;
	guest_plane = MOCK_VMPL;
	memset(&first_vmsa, 0, sizeof(first_vmsa));
	first_vmsa.sev_features = platform_guest_features();
	vcpu_by_index(0)->vmsa = &first_vmsa;
	vcpu_by_index(0)->vmsa_gpa = gpa(0x1000);
}

static void host_update(uint64_t address, bool assigned)
{
	struct mock_page *block;

	if (mock_page(address)->size_2m) {
		block = mock_page(align_down(address, PAGE_SIZE_2M));
		for (uint64_t i = 0; i < PAGES_PER_2M; i++)
			block[i].size_2m = false;
	}
	*mock_page(address) = (struct mock_page){ .assigned = assigned, .taken = true, .perms = { 0xF } };
}

void mock_host_take(uint64_t address)
{
	host_update(address, false);
}

void mock_host_give(uint64_t address)
{
	host_update(address, true);
	memset(mock_memory(address), MOCK_RAM_FILL, PAGE_SIZE);
}

void mock_give(uint64_t address)
{
	if (guest_page_give(gpa(address), false) != 0)
		abort();
}

uint64_t mock_call(uint32_t protocol, uint32_t number, struct vcpu_call *call)
{
	call->rax = (uint64_t)protocol << 32 | number;
	protocol_call(vcpu_by_index(0), call);
	return call->rax;
}

static bool page_agrees(uint64_t address)
{
	const struct mock_page *page = mock_page(address);
	uint8_t guest = page->perms[MOCK_VMPL];

	if (page->perms[1] != 0 || page->perms[3] != 0)
		return false;
	switch (page_state_get(&memory_pages, gpa(address))) {
	case PAGE_UNVALIDATED:
		return !page->validated && guest == 0 && !page->vmsa;
	case PAGE_VALIDATED:
	case PAGE_CAA:
		return page->validated && guest == 0xF && !page->vmsa;
	case PAGE_VMSA:
		return page->validated && guest == 0x1 && page->vmsa;
	case PAGE_FIXED:
		return page->validated && guest == 0x1 && !page->vmsa;
	case PAGE_LOST:
		return true;
	default:
		return false;
	}
}

uint64_t mock_compare(void)
{
	for (uint64_t i = 0; i < MOCK_PAGES; i++) {
		if (!page_agrees(MOCK_RAM_BASE + i * PAGE_SIZE))
			return MOCK_RAM_BASE + i * PAGE_SIZE;
	}
	return 0;
}

/* ---- windows: a page is mapped where its RAM lies ---- */

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	(void)slot;
	return va((uint64_t)(uintptr_t)mock_memory(align_down(address.v, PAGE_SIZE)));
}

void memory_window_unmap(enum window_slot slot)
{
	(void)slot;
}

va_t memory_window_map_2m(gpa_t address)
{
	return va((uint64_t)(uintptr_t)mock_memory(align_down(address.v, PAGE_SIZE_2M)));
}

void memory_window_unmap_2m(void)
{
}

/* ---- instructions that may fault ---- */

static bool fault_now(void)
{
	if (mock_fault_countdown == 0)
		return false;
	mock_fault_countdown--;
	return mock_fault_countdown == 0;
}

static uint64_t ram_address(va_t where)
{
	return where.v - (uint64_t)(uintptr_t)mock_ram + MOCK_RAM_BASE;
}

/* True when the pointer is into RAM of which the host has taken a page away. */
static bool is_taken(const volatile void *pointer, uint64_t size)
{
	uint64_t offset = ram_address(va((uint64_t)(uintptr_t)pointer)) - MOCK_RAM_BASE;

	if (offset >= MOCK_RAM_SIZE || size == 0)
		return false;
	for (uint64_t page = offset / PAGE_SIZE; page <= (offset + size - 1) / PAGE_SIZE; page++) {
		if (mock_rmp[page].taken)
			return true;
	}
	return false;
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	if (fault_now() || is_taken(destination, size) || is_taken(source, size))
		return ERR_FAULT;
	memcpy(destination, source, size);
	return 0;
}

int access_zero(void *destination, uint64_t size)
{
	if (fault_now() || is_taken(destination, size))
		return ERR_FAULT;
	memset(destination, 0, size);
	return 0;
}

int access_exchange_byte(volatile uint8_t *address, uint8_t value)
{
	uint8_t old = *address;

	if (fault_now() || is_taken(address, 1))
		return ERR_FAULT;
	*address = value;
	return old;
}

/* ---- platform ---- */

/* A 4 KiB operation inside a 2 MiB entry: the host smashes it and the instruction runs again. */
static void smash(va_t where, bool size_2m)
{
	struct mock_page *first;

	if (size_2m || !mock_page(ram_address(where))->size_2m)
		return;
	first = mock_page(align_down(ram_address(where), PAGE_SIZE_2M));
	for (uint64_t i = 0; i < PAGES_PER_2M; i++)
		first[i].size_2m = false;
}

static int set_validated(va_t where, bool size_2m, bool validated)
{
	struct mock_page *page = mock_page(ram_address(where));
	uint64_t count = size_2m ? PAGES_PER_2M : 1;

	mock_pvalidate_count++;
	if (fault_now() || !page->assigned)
		return ERR_FAULT;
	if (size_2m && !page->size_2m)
		return ERR_SIZE;
	smash(where, size_2m);
	if (page->validated == validated)
		return ERR_UNCHANGED;
	for (uint64_t i = 0; i < count; i++) {
		page[i].validated = validated;
		page[i].taken = page[i].taken && !validated;
		memset(&page[i].perms[1], 0, 3);
	}
	return 0;
}

int platform_page_accept(va_t where, bool size_2m)
{
	return set_validated(where, size_2m, true);
}

int platform_page_release(va_t where, bool size_2m)
{
	return set_validated(where, size_2m, false);
}

int platform_page_label(va_t where, bool size_2m, uint32_t plane, enum platform_label label)
{
	uint64_t count = size_2m ? PAGES_PER_2M : 1;
	struct mock_page *page;

	if (ram_address(where) - MOCK_RAM_BASE >= MOCK_RAM_SIZE) /* a frame of the monitor's own */
		return fault_now() ? ERR_FAULT : 0;
	page = mock_page(ram_address(where));
	if (fault_now() || !page->assigned || !page->validated)
		return ERR_FAULT;
	if (page->vmsa && page->running)
		return ERR_BUSY;
	if (size_2m && !page->size_2m)
		return ERR_SIZE;
	smash(where, size_2m);
	/* Another vCPU could still write to what is checked. */
	if (label == LABEL_VMSA && mock_unflushed)
		log_panic(0, "a save area is made before the guest's translations are dropped");
	mock_unflushed = mock_unflushed || label == LABEL_NONE;
	for (uint64_t i = 0; i < count; i++) {
		page[i].vmsa = label == LABEL_VMSA || label == LABEL_OWN_VMSA;
		page[i].perms[plane] = label == LABEL_GUEST_RWX ? 0xF : label == LABEL_VMSA || label == LABEL_GUEST_READ ? 0x1 : 0;
		for (uint32_t level = plane; label == LABEL_NONE && level < 4; level++)
			page[i].perms[level] = 0;
	}
	return 0;
}

bool platform_flush_is_global(void)
{
	return true;
}

void platform_planes_flush(void)
{
	mock_flushes++;
	mock_unflushed = false;
}

uint64_t platform_guest_features(void)
{
	return SEV_FEATURE_SNP_ACTIVE;
}

int platform_plane_run(uint32_t plane)
{
	return mock_guest != NULL ? mock_guest(plane) : ERR_HOST;
}

void platform_idle(void)
{
	if (mock_idle != NULL)
		mock_idle();
}

int platform_plane_enable(struct vmsa *vmsa, bool flush)
{
	(void)flush;
	if (fault_now() || is_taken(vmsa, sizeof(*vmsa)))
		return ERR_FAULT;
	vmsa->efer |= EFER_SVME;
	return 0;
}

int platform_plane_disable(struct vmsa *vmsa)
{
	if (fault_now() || is_taken(vmsa, sizeof(*vmsa)))
		return ERR_FAULT;
	vmsa->efer &= ~EFER_SVME;
	return 0;
}

void log_line(const char *format, ...)
{
	(void)format;
}

void log_panic(uint8_t code, const char *format, ...)
{
	va_list arguments;

	if (mock_panic != NULL)
		mock_panic(code);
	va_start(arguments, format);
	fprintf(stderr, "panic %u: ", code);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}
