/* SPDX-License-Identifier: MIT */
#include "kernel/guest/launch.h"

#include "abi/svsm.h"
#include "abi/terminate.h"
#include "kernel/guest/pages.h"
#include "kernel/guest/pristine.h"
#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"

#define BOOT_PARAMS_E820_COUNT 0x1E8u
#define BOOT_PARAMS_E820_TABLE 0x2D0u
#define BOOT_PARAMS_E820_MAX 128u
#define LEGACY_START 0xA0000ull
#define LEGACY_END 0x100000ull

static struct launch_inputs kept;           /* of the first launch, for the next ones */
static struct snp_secrets_page guest_secrets; /* as the guest gets it */
static bool again;                            /* after a reset */

static bool is_firmware(const struct launch_range *range)
{
	return ranges_overlap(range->gpa, range->size, LAUNCH_FIRMWARE_START,
			      LAUNCH_FIRMWARE_END - LAUNCH_FIRMWARE_START);
}

struct page_range launch_firmware(const struct launch_block *block)
{
	struct page_range firmware = { 0, 0 };

	for (uint32_t i = 0; i < block->range_count; i++) {
		const struct launch_range *range = &block->range[i];

		if (!is_firmware(range))
			continue;
		if (firmware.end == 0)
			firmware.start = range->gpa;
		firmware.end = range->gpa + range->size;
	}
	return firmware;
}

/* The block is of the image that the page tables belong to. */
static bool is_own_region(uint64_t region_gpa)
{
	return region_gpa == paging_region_gpa && is_aligned(region_gpa, PAGE_SIZE_2M) &&
	       range_within(region_gpa, MONITOR_SIZE, LAUNCH_REGION_FIRST, LAUNCH_REGION_END);
}

/* Where the monitor writes beside the ranges. What memory is there is seen when it writes. */
static bool are_places(const struct launch_block *block, uint64_t limit)
{
	uint64_t map_size = block->map_kind == LAUNCH_MAP_E820 ? PAGE_SIZE : block->map_size;

	if (block->map_kind > LAUNCH_MAP_IGVM ||
	    (block->map_kind != LAUNCH_MAP_NONE && !range_within(block->map_gpa, map_size, 0, limit)))
		return false;
	if (block->cbit_size != 0 && (!is_aligned(block->cbit_gpa | block->cbit_size, PAGE_SIZE) ||
				      !range_within(block->cbit_gpa, block->cbit_size, 0, limit)))
		return false;
	return block->vp_count_gpa == 0 || range_within(block->vp_count_gpa, sizeof(uint32_t), 0, limit);
}

bool launch_block_check(const struct launch_block *block, uint64_t limit)
{
	uint64_t previous = 0;

	if (block->magic != LAUNCH_MAGIC || block->version != LAUNCH_VERSION || !is_own_region(block->region_gpa) ||
	    !is_aligned(block->free_end, PAGE_SIZE) || block->free_end > MONITOR_SIZE || block->range_count > LAUNCH_RANGE_MAX ||
	    block->image_name[sizeof(block->image_name) - 1u] != '\0')
		return false;
	if (block->archive_size != 0 && (!is_aligned(block->archive_offset | block->archive_size, PAGE_SIZE) ||
					 !range_within(block->archive_offset, block->archive_size, LAUNCH_OFF_IMAGE,
						       block->image_end)))
		return false;
	if (!are_places(block, limit))
		return false;
	for (uint32_t i = 0; i < block->range_count; i++) {
		const struct launch_range *range = &block->range[i];

		if (range->kind < LAUNCH_RANGE_IMAGE || range->kind > LAUNCH_RANGE_MADT ||
		    !is_aligned(range->gpa | range->size, PAGE_SIZE) || range->gpa < previous ||
		    !range_within(range->gpa, range->size, 0, limit))
			return false;
		if (ranges_overlap(range->gpa, range->size, paging_region_gpa, MONITOR_SIZE))
			return false;
		if (is_firmware(range) &&
		    (range->kind != LAUNCH_RANGE_IMAGE ||
		     !range_within(range->gpa, range->size, LAUNCH_FIRMWARE_START, LAUNCH_FIRMWARE_END)))
			return false;
		if ((range->flags & LAUNCH_RANGE_FLAG_FIXED) != 0 && !is_firmware(range))
			return false;
		previous = range->gpa + range->size;
	}
	return true;
}

static void require(int error, uint8_t code, const char *what, uint64_t address)
{
	/* guards (caller): see the calls of require() */
	if (error != 0)
		log_panic(code, "%s at 0x%llx: error %d", what, (unsigned long long)address, error);
}

static const struct launch_range *find_range(const struct launch_block *block, uint32_t kind)
{
	for (uint32_t i = 0; i < block->range_count; i++) {
		if (block->range[i].kind == kind)
			return &block->range[i];
	}
	return NULL;
}

static void write_guest(uint64_t address, const void *data, uint64_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		uint64_t room = PAGE_SIZE - (address & PAGE_MASK);
		uint64_t chunk = size < room ? size : room;

		require(guest_write(gpa(address), from, chunk), TERMINATE_GUEST_IMAGE, "cannot write guest memory",
			address);
		address += chunk;
		from += chunk;
		size -= chunk;
	}
}

/* Launched pages are validated and keep their content; after a reset they come from the copy. */
static int give_page(const struct launch_inputs *inputs, const struct launch_range *range, uint64_t at)
{
	int error;

	if (range->kind == LAUNCH_RANGE_IMAGE && !again)
		return guest_page_grant_launched(gpa(at), (range->flags & LAUNCH_RANGE_FLAG_FIXED) != 0);
	error = guest_page_give(gpa(at), false);
	if (error == 0 && range->kind == LAUNCH_RANGE_IMAGE)
		write_guest(at, pristine_page(inputs->block, at), PAGE_SIZE);
	return error;
}

static void give_ranges(const struct launch_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->block->range_count; i++) {
		const struct launch_range *range = &inputs->block->range[i];

		if (again && (range->flags & LAUNCH_RANGE_FLAG_FIXED) != 0)
			continue; /* as it was launched, still */
		/* guards (host): what the image names is RAM that the monitor tracks */
		if (!is_firmware(range) && !memory_map_contains(inputs->map, range->gpa, range->size))
			log_panic(TERMINATE_GUEST_IMAGE, "the image needs 0x%llx bytes at 0x%llx, which is not RAM: "
				  "give the VM more memory", (unsigned long long)range->size,
				  (unsigned long long)range->gpa);
		if (range->kind != LAUNCH_RANGE_IMAGE || again)
			require(platform_host_make_private(gpa(range->gpa), range->size), TERMINATE_MEMORY_STATE,
				"the host does not make memory private", range->gpa);
		for (uint64_t at = range->gpa; at < range->gpa + range->size; at += PAGE_SIZE)
			require(give_page(inputs, range, at), TERMINATE_MEMORY_STATE, "cannot give a page to the guest", at);
	}
}

/* Gives [start, end), all UNVALIDATED, in the largest steps. */
static void give_run(uint64_t start, uint64_t end)
{
	require(platform_host_make_private(gpa(start), end - start), TERMINATE_MEMORY_STATE,
		"the host does not make memory private", start);
	while (start < end) {
		bool large = is_aligned(start, PAGE_SIZE_2M) && end - start >= PAGE_SIZE_2M;

		require(guest_page_give(gpa(start), large), TERMINATE_MEMORY_STATE, "cannot give memory to the guest",
			start);
		start += large ? PAGE_SIZE_2M : PAGE_SIZE;
	}
}

/* Gives what is left of a range of RAM, around the pages that the guest has already. */
static void give_rest(uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t stop = start;

		while (stop < end && page_state_get(&memory_pages, gpa(stop)) == PAGE_UNVALIDATED)
			stop += PAGE_SIZE;
		if (stop > start)
			give_run(start, stop);
		else
			stop += PAGE_SIZE;
		start = stop;
	}
}

static void fill_secrets(const struct launch_inputs *inputs)
{
	const struct launch_range *range = find_range(inputs->block, LAUNCH_RANGE_SECRETS);
	const struct launch_range *caa = find_range(inputs->block, LAUNCH_RANGE_CAA);

	/* guards (image): the guest finds its secrets page and its calling area */
	if (range == NULL || caa == NULL)
		log_panic(TERMINATE_GUEST_IMAGE, "the image names no secrets page or no calling area");
	if (!again)
		guest_secrets = *inputs->secrets;
	/* Keys of the levels above the guest's are not the guest's. */
	for (uint32_t level = 0; level < guest_plane; level++)
		memset(guest_secrets.vmpck[level], 0, SNP_VMPCK_SIZE);
	guest_secrets.svsm_base = paging_region_gpa;
	guest_secrets.svsm_size = MONITOR_SIZE;
	guest_secrets.svsm_caa = caa->gpa;
	guest_secrets.svsm_max_version = SVSM_CORE_VERSION;
	guest_secrets.svsm_guest_vmpl = (uint8_t)guest_plane;
	write_guest(range->gpa, &guest_secrets, sizeof(guest_secrets));
}

static bool has_pcid(const struct snp_cpuid_page *cpuid)
{
	struct cpuid_result features;

	return cpuid_table_lookup(cpuid, CPUID_FEATURES_LEAF, 0, &features) == 0 &&
	       (features.ecx & CPUID_FEATURES_ECX_PCID) != 0;
}

static void fill_cpuid(const struct launch_inputs *inputs)
{
	const struct launch_range *range = find_range(inputs->block, LAUNCH_RANGE_CPUID);
	static struct snp_cpuid_page copy;

	if (range == NULL)
		return;
	copy = *inputs->cpuid;
	for (uint32_t i = 0; i < copy.count; i++) {
		if (copy.entry[i].eax_in == CPUID_SEV_LEAF)
			copy.entry[i].eax |= CPUID_SEV_EAX_SVSM;
		/* Guests take it that a processor with INVLPGB has PCID. */
		if (copy.entry[i].eax_in == CPUID_ADDRESS_SIZES_LEAF && !has_pcid(&copy))
			copy.entry[i].ebx &= ~CPUID_ADDRESS_SIZES_EBX_INVLPGB;
	}
	write_guest(range->gpa, &copy, sizeof(copy));
}

static void fill_madt(const struct launch_inputs *inputs)
{
	const struct launch_range *range = find_range(inputs->block, LAUNCH_RANGE_MADT);

	if (range != NULL && inputs->madt_length != 0 && inputs->madt_length <= range->size)
		write_guest(range->gpa, inputs->madt, inputs->madt_length);
}

/* Guest page tables come without the C-bit: its position is known only here. */
static void set_c_bit(const struct launch_block *block)
{
	for (uint64_t at = block->cbit_gpa; at < block->cbit_gpa + block->cbit_size; at += sizeof(uint64_t)) {
		uint64_t entry;

		require(guest_read(gpa(at), &entry, sizeof(entry)), TERMINATE_GUEST_IMAGE,
			"cannot read the guest's page table", at);
		if ((entry & PTE_PRESENT) == 0)
			continue;
		entry |= paging_c_bit;
		write_guest(at, &entry, sizeof(entry));
	}
}

static void build_map(const struct launch_inputs *inputs, struct guest_map *map)
{
	int error = 0;

	guest_map_init(map, inputs->map);
	/* Firmware knows what a PC has there, and takes for RAM what it finds from address 0 up to the first hole. */
	if (launch_firmware(inputs->block).end == 0)
		error = guest_map_mark(map, LEGACY_START, LEGACY_END, E820_RESERVED);
	else if (memory_map_contains(inputs->map, LEGACY_END, PAGE_SIZE))
		error = guest_map_mark(map, LEGACY_START, LEGACY_END, E820_RAM);
	if (error == 0)
		error = guest_map_mark(map, paging_region_gpa, paging_region_gpa + MONITOR_SIZE, E820_RESERVED);
	for (uint32_t i = 0; i < inputs->block->range_count && error == 0; i++) {
		const struct launch_range *range = &inputs->block->range[i];

		if ((range->flags & (LAUNCH_RANGE_FLAG_RESERVED | LAUNCH_RANGE_FLAG_ACPI)) != 0)
			error = guest_map_mark(map, range->gpa, range->gpa + range->size,
					       (range->flags & LAUNCH_RANGE_FLAG_ACPI) != 0 ? E820_ACPI :
											       E820_RESERVED);
	}
	require(error, TERMINATE_GUEST_IMAGE, "the guest's memory map has too many entries", 0);
}

static void write_map(const struct launch_inputs *inputs)
{
	static uint8_t e820[BOOT_PARAMS_E820_MAX * E820_ENTRY_SIZE];
	static struct igvm_memory_map_entry igvm[GUEST_MAP_MAX + 1];
	const struct launch_block *block = inputs->block;
	static struct guest_map map;
	uint32_t count = 0;

	if (block->map_kind == LAUNCH_MAP_NONE)
		return;
	build_map(inputs, &map);
	if (block->map_kind == LAUNCH_MAP_E820) {
		uint8_t entries;

		require(guest_map_write_e820(&map, e820, BOOT_PARAMS_E820_MAX, &count), TERMINATE_GUEST_IMAGE,
			"too many e820 entries", count);
		entries = (uint8_t)count;
		write_guest(block->map_gpa + BOOT_PARAMS_E820_COUNT, &entries, sizeof(entries));
		write_guest(block->map_gpa + BOOT_PARAMS_E820_TABLE, e820, (uint64_t)count * E820_ENTRY_SIZE);
	} else {
		uint64_t room = block->map_size / sizeof(igvm[0]);

		require(guest_map_write_igvm(&map, igvm, room < ARRAY_SIZE(igvm) ? (uint32_t)room : ARRAY_SIZE(igvm)),
			TERMINATE_GUEST_IMAGE, "too many memory map entries", map.count);
		write_guest(block->map_gpa, igvm, (map.count + 1ull) * sizeof(igvm[0]));
	}
}

static void write_vp_count(const struct launch_inputs *inputs)
{
	uint32_t count = vcpu_count();

	if (inputs->block->vp_count_gpa != 0)
		write_guest(inputs->block->vp_count_gpa, &count, sizeof(count));
}

static void mark_calling_area(gpa_t caa)
{
	enum page_state found;

	require(page_state_claim(&memory_pages, caa, false, PAGE_VALIDATED, &found), TERMINATE_GUEST_IMAGE,
		"the calling area is not guest memory", caa.v);
	page_state_settle(&memory_pages, caa, false, PAGE_CAA);
}

/* The first save area lies in the monitor's memory: the guest never gets at it. A reset finds it stopped. */
static void make_first_vcpu(const struct launch_inputs *inputs)
{
	static pa_t frame;
	struct vcpu *vcpu = vcpu_by_index(0);

	if (!again)
		require(memory_allocate(1, &frame), TERMINATE_NO_MEMORY, "no memory for the guest's save area", 0);
	vcpu->own_area = paging_region_pointer(frame);
	vcpu->vmsa = vcpu->own_area;
	vcpu->vmsa_gpa = gpa(frame.v);
	*vcpu->vmsa = *inputs->guest_vmsa;
	vcpu->vmsa->vmpl = (uint8_t)guest_plane;
	vcpu->vmsa->sev_features = platform_guest_features();
	vcpu->vmsa->efer |= EFER_SVME;
	if (inputs->block->cbit_size != 0)
		vcpu->vmsa->cr3 |= paging_c_bit;
	vcpu->caa = gpa(find_range(inputs->block, LAUNCH_RANGE_CAA)->gpa);
	mark_calling_area(vcpu->caa);
	require(platform_page_label(paging_region_va(frame), false, guest_plane, LABEL_OWN_VMSA), TERMINATE_MEMORY_STATE,
		"cannot make the guest's save area", frame.v);
	require(platform_plane_register(vcpu->apic_id, guest_plane, vcpu->vmsa_gpa), TERMINATE_GUEST_RUN,
		"the host refuses the guest's save area", frame.v);
}

static void prepare(const struct launch_inputs *inputs)
{
	give_ranges(inputs);
	if ((inputs->block->flags & LAUNCH_FLAG_VALIDATE_ALL) != 0) {
		for (uint32_t i = 0; i < inputs->map->count; i++)
			give_rest(inputs->map->range[i].start, inputs->map->range[i].end);
	}
	fill_secrets(inputs);
	fill_cpuid(inputs);
	fill_madt(inputs);
	set_c_bit(inputs->block);
	write_map(inputs);
	write_vp_count(inputs);
	make_first_vcpu(inputs);
}

void launch_prepare(const struct launch_inputs *inputs)
{
	kept = *inputs;
	kept.secrets = NULL; /* what of it is the guest's is kept here */
	guest_plane = inputs->policy->guest_vmpl;
	pristine_save(inputs->block, inputs->map);
	prepare(inputs);
}

/* The guest wrote them: a wrong number costs the new guest its messages, as it would have cost the old one. */
void launch_keep_numbers(void)
{
	const struct launch_range *range = find_range(kept.block, LAUNCH_RANGE_SECRETS);
	uint32_t number[ARRAY_SIZE(guest_secrets.msg_seqno)];

	if (range == NULL ||
	    guest_read(gpa(range->gpa + offsetof(struct snp_secrets_page, msg_seqno)), number, sizeof(number)) != 0)
		return;
	for (uint32_t level = guest_plane; level < ARRAY_SIZE(number); level++)
		guest_secrets.msg_seqno[level] = number[level];
}

void launch_again(void)
{
	again = true;
	prepare(&kept);
}
