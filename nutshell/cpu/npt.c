/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables: one root for each level with both views of memory (the C-bit is an address bit), and one for each
 * level for the time when it does not page. They start empty and are filled by faults from the reverse map; every change
 * of the reverse map drops what was filled. VMRUN and every exit flush all translations in TCG, so a processor that stays
 * in its guest goes on with what it had: with a change that the host makes they are all made to leave, with one that
 * VMPL0 makes it is VMPL0's duty to have the old translations dropped (tlb.c).
 *
 * Execute permissions of user and supervisor share one no-execute bit here: either allows execution.
 */
#include "nutshell/cpu/cpu.h"
#include "nutshell/cpu/memory.h"

#define NPT_PRESENT 1ull
#define NPT_WRITABLE 2ull
#define NPT_USER 4ull
#define NPT_ACCESSED_DIRTY 0x60ull
#define NPT_LARGE 0x80ull
#define NPT_NO_EXECUTE (1ull << 63)
#define NPT_TABLE (NPT_PRESENT | NPT_WRITABLE | NPT_USER | NPT_ACCESSED_DIRTY)
#define NPT_ADDRESS 0x000FFFFFFFFFF000ull

#define PERM_READ 1u
#define PERM_WRITE 2u
#define PERM_EXECUTE 0xCu
#define FAULT_REPEATS_MAX 1024u /* two processors that turn a page back and forth may need some */

static uint64_t paged_root[SNP_VMPL_COUNT];
static uint64_t unpaged_root[SNP_VMPL_COUNT];
static uint64_t watched = ~0ull;

void npt_init(void)
{
	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++) {
		paged_root[i] = virt_to_phys_map(machine_alloc_pages(1));
		unpaged_root[i] = virt_to_phys_map(machine_alloc_pages(1));
	}
}

uint64_t npt_root(uint32_t vmpl, bool paged)
{
	return paged ? paged_root[vmpl] : unpaged_root[vmpl];
}

static uint64_t *table_entry(uint64_t table, uint64_t address, uint32_t level)
{
	uint64_t *entries = phys_to_virt(table & NPT_ADDRESS);

	return &entries[address >> (12u + 9u * (level - 1u)) & 511u];
}

/* Entry of the wanted level (1: 4 KiB, 2: 2 MiB); with create, missing tables are made and large entries given up. */
static uint64_t *find_entry(uint64_t root, uint64_t address, uint32_t wanted, bool create)
{
	uint64_t table = root;

	for (uint32_t level = 4; level > wanted; level--) {
		uint64_t *entry = table_entry(table, address, level);

		if ((*entry & NPT_PRESENT) == 0 || (*entry & NPT_LARGE) != 0) {
			if (!create)
				return NULL;
			*entry = virt_to_phys_map(machine_alloc_pages(1)) | NPT_TABLE;
		}
		table = *entry;
	}
	return table_entry(table, address, wanted);
}

/* True when something was mapped. */
static bool drop_in(uint64_t root, uint64_t address, bool size_2m)
{
	uint64_t *directory = find_entry(root, address, 2, false);
	uint64_t *entry, found = 0;

	if (directory == NULL || (*directory & NPT_PRESENT) == 0)
		return false;
	if ((*directory & NPT_LARGE) != 0) {
		*directory = 0;
		return true;
	}
	entry = phys_to_virt(*directory & NPT_ADDRESS);
	if (!size_2m) {
		entry += address / PAGE_SIZE % PAGES_PER_2M;
		found = *entry;
		*entry = 0;
		return found != 0;
	}
	for (uint32_t i = 0; i < PAGES_PER_2M; i++) {
		found |= entry[i];
		entry[i] = 0;
	}
	return found != 0;
}

bool npt_drop(uint64_t gpa, bool size_2m)
{
	uint64_t c_bit = 1ull << machine_c_bit();
	bool found = false;

	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++) {
		found = drop_in(paged_root[i], gpa, size_2m) || found;
		found = drop_in(paged_root[i], gpa | c_bit, size_2m) || found;
		found = drop_in(unpaged_root[i], gpa, size_2m) || found;
	}
	return found;
}

void npt_drop_at_once(uint64_t gpa, bool size_2m)
{
	if (npt_drop(gpa, size_2m))
		cpu_shoot_down();
}

/* Maps one page, or the block when all of it is alike. A directory that has a table already keeps it. */
static void map(uint64_t root, uint64_t address, uint64_t spa, uint64_t flags, bool size_2m)
{
	uint64_t *directory = find_entry(root, address, 2, true);

	if (size_2m && (*directory & NPT_PRESENT) == 0) {
		*directory = align_down(spa, PAGE_SIZE_2M) | flags | NPT_LARGE;
		return;
	}
	*find_entry(root, address, 1, true) = spa | flags;
}

/* All of the shared block is RAM of the hypervisor. */
static bool shared_block(uint64_t gpa)
{
	gpa = align_down(gpa, PAGE_SIZE_2M);
	if (!machine_is_ram(gpa, PAGE_SIZE_2M) || gpa < PAGE_SIZE_2M || align_down(watched, PAGE_SIZE_2M) == gpa)
		return false;
	for (uint64_t at = gpa; at < gpa + PAGE_SIZE_2M; at += PAGE_SIZE) {
		if (rmp_entry(at)->assigned != 0)
			return false;
	}
	return true;
}

static bool permitted(uint8_t perms, uint64_t info_1)
{
	if ((info_1 & NPF_WRITE) != 0)
		return (perms & PERM_WRITE) != 0;
	if ((info_1 & NPF_EXECUTE) != 0)
		return (perms & PERM_EXECUTE) != 0;
	return (perms & PERM_READ) != 0;
}

/* #VC is an answer that the guest goes on with, even if its handler comes to nothing but the same access. */
static void tell_guest(struct vcpu *vcpu, uint64_t code)
{
	vcpu->cpu->fault_repeats = 0;
	inject_vc(vcpu, code);
}

static void private_access(struct vcpu *vcpu, uint64_t info_1, uint64_t address, uint64_t gpa, uint64_t root)
{
	const struct rmp_entry *entry = rmp_entry(gpa);
	uint8_t perms = entry->perms[vcpu->vmpl];
	uint64_t host_info = info_1 | NPF_RMP | NPF_ENCRYPTED;

	if (entry->assigned == 0) {
		host_page_fault(vcpu, host_info, gpa);
	} else if (entry->validated == 0) {
		tell_guest(vcpu, SVM_EXIT_PAGE_NOT_VALIDATED);
	} else if (!permitted(perms, info_1)) {
		host_page_fault(vcpu, host_info | NPF_VMPL, gpa);
	} else if ((info_1 & NPF_WRITE) != 0 && rmp_in_use(gpa)) {
		host_page_fault(vcpu, host_info, gpa);
	} else {
		bool writable = (perms & PERM_WRITE) != 0 && !rmp_in_use(gpa);

		map(root, address, memory_private_spa(gpa),
		    NPT_PRESENT | NPT_USER | NPT_ACCESSED_DIRTY | (writable ? NPT_WRITABLE : 0) |
			    ((perms & PERM_EXECUTE) != 0 ? 0 : NPT_NO_EXECUTE),
		    entry->size_2m != 0);
	}
}

/*
 * Walks of page tables and fetches of instructions are private, whatever the C-bit says (APM volume 2, 15.34.5). Firmware
 * leaves it out of entries that point to page tables, and out of the map in which it parks processors. 0: neither.
 */
static uint64_t private_anyway(const struct vcpu *vcpu, const struct rmp_entry *entry, uint64_t info_1)
{
	if (entry->assigned == 0 || entry->validated == 0)
		return 0;
	if ((info_1 & NPF_WALK) != 0)
		return NPT_TABLE | NPT_NO_EXECUTE;
	if ((info_1 & NPF_EXECUTE) != 0 && permitted(entry->perms[vcpu->vmpl], info_1))
		return NPT_TABLE & ~NPT_WRITABLE;
	return 0;
}

/* Nobody has the page mapped from now on, but for the time of an access. */
void machine_watch(uint64_t gpa)
{
	watched = gpa == ~0ull ? gpa : align_down(gpa, PAGE_SIZE);
	if (watched != ~0ull)
		npt_drop_at_once(watched, false);
}

void npt_forget_watched(void)
{
	if (watched != ~0ull)
		(void)npt_drop(watched, false);
}

static void shared_access(struct vcpu *vcpu, uint64_t info_1, uint64_t address, uint64_t gpa, uint64_t root)
{
	const struct rmp_entry *entry = rmp_entry(gpa);
	uint64_t flags = private_anyway(vcpu, entry, info_1);

	if (flags != 0) {
		*find_entry(root, address, 1, true) = memory_private_spa(gpa) | flags;
		return;
	}
	if (entry->assigned != 0) {
		host_page_fault(vcpu, info_1 | NPF_RMP, gpa);
		return;
	}
	map(root, address, machine_shared_spa(gpa), NPT_TABLE, shared_block(gpa));
	if (gpa == watched && vcpu->vmpl == 0)
		step_begin(vcpu);
}

/* A fault that comes back unchanged after it was answered would come back for ever. */
static void watch_progress(struct vcpu *vcpu, uint64_t info_1, uint64_t address)
{
	struct vcpu_cpu *cpu = vcpu->cpu;

	if (cpu->last_fault_gpa == address && cpu->last_fault_info == info_1) {
		if (++cpu->fault_repeats > FAULT_REPEATS_MAX)
			machine_stop(STOP_VIOLATION, "VMPL%u makes no progress: access to 0x%llx (0x%llx) at 0x%llx",
				     vcpu->vmpl, (unsigned long long)address, (unsigned long long)info_1,
				     (unsigned long long)vcpu_rip(vcpu));
		return;
	}
	cpu->last_fault_gpa = address;
	cpu->last_fault_info = info_1;
	cpu->fault_repeats = 0;
}

void npt_fault(struct vcpu *vcpu, uint64_t info_1, uint64_t address)
{
	uint64_t c_bit = 1ull << machine_c_bit();
	bool paged = (vmcb_save(vcpu)->cr0 >> 31 & 1u) != 0;
	uint64_t root = npt_root(vcpu->vmpl, paged);
	uint64_t gpa = address & ~c_bit;

	/* The root changes with paging; the first fault after the change notices. */
	if (*vmcb_u64(vcpu, VMCB_NESTED_CR3) != root) {
		*vmcb_u64(vcpu, VMCB_NESTED_CR3) = root;
		return;
	}
	watch_progress(vcpu, info_1, address);
	if (align_down(address, PAGE_SIZE) == watched && vcpu->vmpl == 0 && (info_1 & NPF_WALK) == 0)
		host_watched_access(vcpu, gpa, (info_1 & NPF_WRITE) != 0);
	if (rmp_entry(gpa) == NULL)
		tell_guest(vcpu, SVM_EXIT_NPF);
	else if (!paged || (address & c_bit) != 0)
		private_access(vcpu, info_1, align_down(address, PAGE_SIZE), align_down(gpa, PAGE_SIZE), root);
	else
		shared_access(vcpu, info_1, align_down(address, PAGE_SIZE), align_down(gpa, PAGE_SIZE), root);
}
