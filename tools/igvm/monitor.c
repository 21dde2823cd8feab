/* SPDX-License-Identifier: MIT */
/* The monitor's region, laid out as abi/launch.h says. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/igvm.h"
#include "layout.h"
#include "lib/archive.h"
#include "lib/elf.h"

#define REGION_PAGES ((uint32_t)(MONITOR_SIZE / PAGE_SIZE))
#define PTE_COUNT 512u
#define ARCHIVE_END (MONITOR_SIZE - 0x600000u) /* the monitor and its services need memory, too */
#define REGION_TABLES ((uint32_t)(MONITOR_SIZE / PAGE_SIZE_2M))

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

/* Pages of page tables, counted from LAUNCH_OFF_PAGE_TABLES. */
enum table {
	TABLE_ROOT,
	TABLE_HIGH_PDPT,
	TABLE_HIGH_PD,
	TABLE_HIGH_PT,
	TABLE_LOW_PDPT = TABLE_HIGH_PT + REGION_TABLES,
	TABLE_LOW_PD,
	TABLE_LOW_PT,
	TABLE_COUNT
};
_Static_assert(TABLE_COUNT == LAUNCH_PAGE_TABLE_PAGES, "page tables fit their place");

enum access { ACCESS_FREE, ACCESS_GUARD, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

struct region {
	const char *path;
	uint64_t gpa;
	uint8_t content[MONITOR_SIZE];
	uint8_t access[REGION_PAGES]; /* enum access */
	uint64_t entry; /* offset of the entry point */
	uint64_t image_end;
};

static int choose_access(const struct region *region, const struct elf_segment *segment, uint8_t *access)
{
	bool write = segment->flags & ELF_FLAG_WRITE, execute = segment->flags & ELF_FLAG_EXECUTE;

	if (write && execute) {
		report("monitor %s: segment at 0x%" PRIx64 " is writable and executable", region->path,
		       segment->virtual_address);
		return ERR_INVALID;
	}
	*access = ACCESS_READ;
	if (write)
		*access = ACCESS_WRITE;
	if (execute)
		*access = ACCESS_EXECUTE;
	if (segment->flags == 0)
		*access = ACCESS_GUARD;
	return 0;
}

static int place_segment(struct region *region, const struct blob *file, const struct elf_segment *segment)
{
	uint64_t offset, first, end;
	uint8_t access;

	if (!range_within(segment->virtual_address, segment->memory_size, MONITOR_VA + LAUNCH_OFF_IMAGE,
			  MONITOR_VA + MONITOR_SIZE)) {
		report("monitor %s: segment 0x%" PRIx64 "-0x%" PRIx64 " lies outside 0x%" PRIx64 "-0x%" PRIx64,
		       region->path, segment->virtual_address, segment->virtual_address + segment->memory_size - 1,
		       (uint64_t)(MONITOR_VA + LAUNCH_OFF_IMAGE), (uint64_t)(MONITOR_VA + MONITOR_SIZE - 1));
		return ERR_INVALID;
	}
	if (choose_access(region, segment, &access) != 0)
		return ERR_INVALID;
	if (access == ACCESS_GUARD && segment->file_size != 0) {
		report("monitor %s: segment at 0x%" PRIx64 " has content but no permissions", region->path,
		       segment->virtual_address);
		return ERR_INVALID;
	}
	offset = segment->virtual_address - MONITOR_VA;
	first = align_down(offset, PAGE_SIZE);
	end = align_up(offset + segment->memory_size, PAGE_SIZE);
	for (uint64_t page = first / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
		if (region->access[page] != ACCESS_FREE) {
			report("monitor %s: two segments share the page at 0x%" PRIx64, region->path,
			       (uint64_t)(MONITOR_VA + page * PAGE_SIZE));
			return ERR_INVALID;
		}
		region->access[page] = access;
	}
	memcpy(region->content + offset, file->data + segment->file_offset, segment->file_size);
	if (end > region->image_end)
		region->image_end = end;
	return 0;
}

static int place_entry(struct region *region, uint64_t entry)
{
	uint64_t offset = entry - MONITOR_VA;

	if (offset >= MONITOR_SIZE || region->access[offset / PAGE_SIZE] != ACCESS_EXECUTE) {
		report("monitor %s: entry point 0x%" PRIx64 " does not lie in an executable segment", region->path,
		       entry);
		return ERR_INVALID;
	}
	region->entry = offset;
	return 0;
}

static int place_elf(struct region *region, const struct blob *file)
{
	struct elf_segment segment;
	struct elf_error error;
	struct elf_file elf;

	if (elf_open(&elf, file->data, file->size, &error) != 0)
		goto out_format;
	for (uint32_t i = 0; i < elf.segment_count; i++) {
		if (elf_read_segment(&elf, i, &segment, &error) != 0)
			goto out_format;
		if (segment.type != ELF_SEGMENT_LOAD || segment.memory_size == 0)
			continue;
		if (place_segment(region, file, &segment) != 0)
			return ERR_INVALID;
	}
	return place_entry(region, elf.entry);

out_format:
	report("monitor %s: %s (at offset 0x%" PRIx64 ")", region->path, error.text, error.offset);
	return ERR_FORMAT;
}

static uint64_t table_gpa(const struct region *region, enum table table)
{
	return region->gpa + LAUNCH_OFF_PAGE_TABLES + table * PAGE_SIZE;
}

static void set_entry(struct region *region, enum table table, uint64_t index, uint64_t value)
{
	uint64_t offset = LAUNCH_OFF_PAGE_TABLES + table * PAGE_SIZE + index * sizeof(value);

	memcpy(region->content + offset, &value, sizeof(value));
}

static uint64_t leaf_bits(uint8_t access)
{
	switch (access) {
	case ACCESS_GUARD:
		return 0;
	case ACCESS_EXECUTE:
		return PTE_PRESENT | PTE_ACCESSED;
	case ACCESS_READ:
		return PTE_PRESENT | PTE_ACCESSED | PTE_NO_EXECUTE;
	default:
		return PTE_PRESENT | PTE_ACCESSED | PTE_WRITE | PTE_DIRTY | PTE_NO_EXECUTE;
	}
}

static void fill_page_tables(struct region *region)
{
	uint64_t stub = align_down(region->gpa + region->entry, PAGE_SIZE);

	set_entry(region, TABLE_ROOT, (MONITOR_VA >> 39) % PTE_COUNT, table_gpa(region, TABLE_HIGH_PDPT) | PTE_TABLE);
	set_entry(region, TABLE_HIGH_PDPT, (MONITOR_VA >> 30) % PTE_COUNT, table_gpa(region, TABLE_HIGH_PD) | PTE_TABLE);
	for (uint32_t i = 0; i < REGION_TABLES; i++)
		set_entry(region, TABLE_HIGH_PD, (MONITOR_VA >> 21) % PTE_COUNT + i,
			  table_gpa(region, TABLE_HIGH_PT + i) | PTE_TABLE);
	for (uint32_t page = 0; page < REGION_PAGES; page++) {
		uint64_t bits = leaf_bits(region->access[page]);

		if (bits != 0)
			set_entry(region, TABLE_HIGH_PT + page / PTE_COUNT, page % PTE_COUNT,
				  (region->gpa + page * PAGE_SIZE) | bits);
	}
	set_entry(region, TABLE_ROOT, (stub >> 39) % PTE_COUNT, table_gpa(region, TABLE_LOW_PDPT) | PTE_TABLE);
	set_entry(region, TABLE_LOW_PDPT, (stub >> 30) % PTE_COUNT, table_gpa(region, TABLE_LOW_PD) | PTE_TABLE);
	set_entry(region, TABLE_LOW_PD, (stub >> 21) % PTE_COUNT, table_gpa(region, TABLE_LOW_PT) | PTE_TABLE);
	set_entry(region, TABLE_LOW_PT, (stub >> 12) % PTE_COUNT, stub | leaf_bits(ACCESS_EXECUTE));
}

/* 32-bit protected mode without paging, at the entry stub. */
static void fill_context(struct vmsa *vmsa, const struct recipe *recipe, const struct region *region)
{
	const struct vmsa_segment code = { 0x08, 0xC9B, 0xFFFFFFFF, 0 };
	const struct vmsa_segment data = { 0x10, 0xC93, 0xFFFFFFFF, 0 };

	vmsa->cs = code;
	vmsa->ds = vmsa->es = vmsa->ss = vmsa->fs = vmsa->gs = data;
	vmsa->cr0 = recipe->cr0;
	vmsa->cr3 = table_gpa(region, TABLE_ROOT);
	vmsa->cr4 = recipe->cr4;
	vmsa->efer = recipe->efer;
	vmsa->dr6 = recipe->dr6;
	vmsa->dr7 = recipe->dr7;
	vmsa->rflags = 2;
	vmsa->rip = region->gpa + region->entry;
	vmsa->g_pat = recipe->g_pat;
	vmsa->sev_features = recipe->sev_features;
	vmsa->xcr0 = recipe->xcr0;
	vmsa->mxcsr = (uint32_t)recipe->mxcsr;
	vmsa->x87_fcw = (uint16_t)recipe->x87_fcw;
	vmsa->x87_ftw = (uint16_t)recipe->x87_ftw;
}

static void add_launched(struct layout *layout, const struct region *region, uint64_t offset)
{
	static const uint8_t zeros[PAGE_SIZE];

	if (layout->block.archive_size != 0 && offset >= layout->block.archive_offset) {
		image_add(&layout->image, region->gpa + offset, region->content + offset, PAGE_SIZE, IGVM_PAGE_TYPE_NORMAL,
			  "services");
		return;
	}
	layout->monitor_pages++;
	if (memcmp(region->content + offset, zeros, PAGE_SIZE) == 0)
		layout->monitor_zero_pages++;
	image_add(&layout->image, region->gpa + offset, region->content + offset, PAGE_SIZE, IGVM_PAGE_TYPE_NORMAL,
		  "monitor");
}

static void add_parameter(struct image *image, enum directive_use use, uint32_t area, uint32_t type, uint32_t byte_offset)
{
	if (use != DIRECTIVE_ABSENT)
		image_add_parameter(image, area, use == DIRECTIVE_OPTIONAL ? type | IGVM_TYPE_OPTIONAL : type, byte_offset);
}

static void add_parameters(struct layout *layout)
{
	const struct recipe *recipe = layout->recipe;
	struct image *image = &layout->image;
	uint32_t general = image_add_area(image, recipe->region_gpa + LAUNCH_OFF_PARAM_GENERAL);
	uint32_t memory = image_add_area(image, recipe->region_gpa + LAUNCH_OFF_PARAM_MEMORY);
	uint32_t madt = image_add_area(image, recipe->region_gpa + LAUNCH_OFF_PARAM_MADT);

	add_parameter(image, recipe->vp_count, general, IGVM_VHT_VP_COUNT_PARAMETER, 0);
	add_parameter(image, recipe->environment_info, general, IGVM_VHT_ENVIRONMENT_INFO, 4);
	add_parameter(image, recipe->memory_map, memory, IGVM_VHT_MEMORY_MAP, 0);
	add_parameter(image, recipe->madt, madt, IGVM_VHT_MADT, 0);
}

/* The services' archive lies behind the monitor's image, read-only. */
static int place_archive(struct layout *layout, struct region *region, const char *path)
{
	struct launch_block *block = &layout->block;
	struct archive archive;
	struct blob file;
	int result;

	if (blob_read(&file, "archive", path) != 0)
		return ERR_INVALID;
	result = archive_open(&archive, file.data, file.size);
	if (result != 0) {
		report("archive %s: not an archive of services, or damaged", path);
	} else if (!range_within(region->image_end, file.size, LAUNCH_OFF_IMAGE, ARCHIVE_END)) {
		report("archive %s: %zu bytes do not fit into the monitor's region; %" PRIu64 " are free", path, file.size,
		       (uint64_t)(ARCHIVE_END - region->image_end));
		result = ERR_INVALID;
	} else {
		block->archive_offset = region->image_end;
		block->archive_size = file.size;
		memcpy(region->content + region->image_end, file.data, file.size);
		memset(region->access + region->image_end / PAGE_SIZE, ACCESS_READ, file.size / PAGE_SIZE);
		region->image_end += file.size;
		layout->archive_pages = (uint32_t)(file.size / PAGE_SIZE);
	}
	blob_free(&file);
	return result;
}

static int add_region(struct layout *layout, struct region *region)
{
	struct launch_block *block = &layout->block;

	block->magic = LAUNCH_MAGIC;
	block->version = LAUNCH_VERSION;
	block->region_gpa = region->gpa;
	block->free_end = MONITOR_SIZE;
	if (range_within(layout->recipe->vmsa_gpa, PAGE_SIZE, region->gpa, region->gpa + MONITOR_SIZE))
		block->free_end = layout->recipe->vmsa_gpa - region->gpa;
	block->image_end = region->image_end;
	if (launch_ranges_finish(block) != 0)
		return ERR_INVALID;
	region->access[LAUNCH_OFF_BLOCK / PAGE_SIZE] = ACCESS_READ;
	region->access[LAUNCH_OFF_GUEST_VMSA / PAGE_SIZE] = ACCESS_READ;
	region->access[LAUNCH_OFF_POLICY / PAGE_SIZE] = ACCESS_READ;
	memcpy(region->content + LAUNCH_OFF_BLOCK, block, sizeof(*block));
	memcpy(region->content + LAUNCH_OFF_GUEST_VMSA, &layout->guest_vmsa, sizeof(layout->guest_vmsa));
	memcpy(region->content + LAUNCH_OFF_POLICY, &layout->policy, sizeof(layout->policy));
	fill_page_tables(region);
	fill_context(&layout->image.vmsa, layout->recipe, region);

	add_launched(layout, region, LAUNCH_OFF_BLOCK);
	add_launched(layout, region, LAUNCH_OFF_GUEST_VMSA);
	add_launched(layout, region, LAUNCH_OFF_POLICY);
	for (uint64_t i = 0; i < LAUNCH_PAGE_TABLE_PAGES; i++)
		add_launched(layout, region, LAUNCH_OFF_PAGE_TABLES + i * PAGE_SIZE);
	for (uint64_t offset = LAUNCH_OFF_IMAGE; offset < region->image_end; offset += PAGE_SIZE) {
		if (region->access[offset / PAGE_SIZE] >= ACCESS_READ)
			add_launched(layout, region, offset);
	}
	image_add_cpuid(&layout->image, region->gpa + LAUNCH_OFF_CPUID);
	image_add_page(&layout->image, region->gpa + LAUNCH_OFF_SECRETS, IGVM_PAGE_TYPE_SECRETS, "secrets page");
	add_parameters(layout);
	layout->image.required_gpa = region->gpa;
	layout->image.required_size = MONITOR_SIZE;
	return 0;
}

int monitor_add(struct layout *layout, const char *path, const char *archive_path)
{
	struct region *region;
	struct blob file;
	int result;

	if (blob_read(&file, "monitor", path) != 0)
		return ERR_INVALID;
	region = allocate(sizeof(*region));
	region->path = path;
	region->gpa = layout->recipe->region_gpa;
	result = place_elf(region, &file);
	if (result == 0 && archive_path != NULL)
		result = place_archive(layout, region, archive_path);
	if (result == 0)
		result = add_region(layout, region);
	blob_free(&file);
	free(region);
	return result;
}
