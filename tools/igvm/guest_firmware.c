/* SPDX-License-Identifier: MIT */
/*
 * OVMF from its reset vector. The file is launched so that it ends at 4 GiB; the memory that its tables ask for is given
 * by the monitor before the start, and everything else is left unvalidated: OVMF validates its memory itself.
 */
#include <inttypes.h>

#include "abi/igvm.h"
#include "guest.h"
#include "lib/ovmf.h"

/* OVMF takes for RAM or for its PCI devices what lies below. */
#define REGION_LEAST 0xFC000000ull
#define LEGACY_START 0xA0000ull
#define LEGACY_END 0x100000ull

static uint32_t range_kind(uint32_t section_type)
{
	switch (section_type) {
	case OVMF_SEV_SECRETS:
		return LAUNCH_RANGE_SECRETS;
	case OVMF_SEV_CPUID:
		return LAUNCH_RANGE_CPUID;
	case OVMF_SEV_CAA:
		return LAUNCH_RANGE_CAA;
	default: /* zeros in the page of kernel hashes say that there are none */
		return LAUNCH_RANGE_ZERO;
	}
}

/* Why no guest could give the section its memory; NULL when one can. */
static const char *refuse_section(const struct ovmf_section *section, uint64_t region_gpa)
{
	if (ranges_overlap(section->gpa, section->size, region_gpa, MONITOR_SIZE))
		return "lies over the monitor";
	if (ranges_overlap(section->gpa, section->size, LEGACY_START, LEGACY_END - LEGACY_START))
		return "lies where a PC has its display and ROMs";
	if (!range_within(section->gpa, section->size, 0, GUEST_LOW_END))
		return "lies beyond the RAM that a guest can be sure of (2 GiB)";
	return NULL;
}

static int add_section(struct layout *layout, const char *path, const struct ovmf_section *section)
{
	const char *reason = refuse_section(section, layout->recipe->region_gpa);

	if (reason) {
		report("firmware %s: %s section 0x%" PRIx64 "-0x%" PRIx64 " %s (at offset 0x%" PRIx64 ")", path,
		       ovmf_section_name(section->type), section->gpa, section->gpa + section->size - 1, reason,
		       section->offset);
		return ERR_INVALID;
	}
	return launch_range_add(&layout->block, section->gpa, section->size, range_kind(section->type), 0);
}

/* Real mode at the last 16 bytes below 4 GiB, as a processor comes out of reset. */
static void set_context(struct vmsa *vmsa, const struct recipe *recipe)
{
	const struct vmsa_segment code = { OVMF_RESET_CS_SELECTOR, 0x09B, 0xFFFF, OVMF_RESET_CS_BASE };
	const struct vmsa_segment data = { 0, 0x093, 0xFFFF, 0 };

	vmsa->cs = code;
	vmsa->ds = vmsa->es = vmsa->ss = vmsa->fs = vmsa->gs = data;
	vmsa->gdtr.limit = vmsa->idtr.limit = 0xFFFF;
	vmsa->ldtr = (struct vmsa_segment){ 0, 0x082, 0xFFFF, 0 };
	vmsa->tr = (struct vmsa_segment){ 0, 0x08B, 0xFFFF, 0 };
	vmsa->rip = OVMF_RESET_IP;
	vmsa->efer = EFER_SVME;
	vmsa->cr0 = 0x60000010;
	vmsa->dr6 = 0xFFFF0FF0;
	vmsa->dr7 = 0x400;
	vmsa->rflags = 2;
	vmsa->g_pat = recipe->g_pat;
	vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
	vmsa->xcr0 = 1;
	vmsa->mxcsr = 0x1F80;
	vmsa->x87_fcw = 0x40;
	vmsa->x87_ftw = 0x5555;
}

/* The volume for variables is looked at only: launch.h tells why it is fixed. */
static int add_file(struct layout *layout, uint64_t gpa, const struct blob *file)
{
	uint64_t fixed = ovmf_variables_size(file->data, file->size);

	if (fixed != 0 && guest_add_content(layout, gpa, file->data, fixed, LAUNCH_RANGE_FLAG_FIXED, "firmware's variables") != 0)
		return ERR_INVALID;
	return guest_add_content(layout, gpa + fixed, (const uint8_t *)file->data + fixed, file->size - fixed, 0, "firmware");
}

static int add_firmware(struct layout *layout, const char *path, const struct blob *file)
{
	struct launch_block *block = &layout->block;
	struct ovmf_error error;
	struct ovmf ovmf;

	if (layout->recipe->region_gpa < REGION_LEAST) {
		report("firmware %s: OVMF uses all memory below 0x%" PRIx64 ", but the recipe %s puts the monitor at 0x%" PRIx64,
		       path, (uint64_t)REGION_LEAST, layout->recipe->name, layout->recipe->region_gpa);
		return ERR_INVALID;
	}
	if (ovmf_open(&ovmf, file->data, file->size, &error) != 0) {
		report("firmware %s: %s (at offset 0x%" PRIx64 ")", path, error.text, error.offset);
		return ERR_FORMAT;
	}
	for (uint32_t i = 0; i < ovmf.section_count; i++) {
		if (add_section(layout, path, &ovmf.section[i]) != 0)
			return ERR_INVALID;
	}
	if (ovmf.memory_map.size != 0) {
		block->map_kind = LAUNCH_MAP_IGVM;
		block->map_gpa = ovmf.memory_map.gpa;
		block->map_size = ovmf.memory_map.size;
	}
	block->vp_count_gpa = ovmf.vp_count.size != 0 ? ovmf.vp_count.gpa : 0;
	set_context(&layout->guest_vmsa, layout->recipe);
	return add_file(layout, ovmf.gpa, file);
}

int guest_add_firmware(struct layout *layout, const char *path)
{
	struct blob file;
	int result;

	if (blob_read(&file, "firmware", path) != 0)
		return ERR_INVALID;
	result = add_firmware(layout, path, &file);
	blob_free(&file);
	return result;
}
