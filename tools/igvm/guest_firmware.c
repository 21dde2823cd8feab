/* SPDX-License-Identifier: MIT */
/*
 * Firmware as the guest. A file of OVMF is launched so that it ends at 4 GiB, from its reset vector; the memory that its
 * tables ask for is given by the monitor before the start, and everything else is left unvalidated: OVMF validates its
 * memory itself. An IGVM file says all of this by itself (firmware.h).
 */
#include <inttypes.h>
#include <string.h>

#include "abi/igvm.h"
#include "firmware.h"
#include "guest.h"
#include "source.h"

static int add_section(struct layout *layout, const char *path, const struct ovmf_section *section)
{
	const char *reason = firmware_refuse(section->gpa, section->size, layout->recipe->region_gpa);

	if (reason) {
		report("firmware %s: %s section 0x%" PRIx64 "-0x%" PRIx64 " %s (at offset 0x%" PRIx64 ")", path,
		       ovmf_section_name(section->type), section->gpa, section->gpa + section->size - 1, reason,
		       section->offset);
		return ERR_INVALID;
	}
	return launch_range_add(&layout->block, section->gpa, section->size, firmware_kind(section->type), 0);
}

void guest_reset_context(struct vmsa *vmsa, const struct recipe *recipe)
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

int guest_open_ovmf(struct ovmf *ovmf, const char *path, const struct blob *file)
{
	struct ovmf_error error;

	if (ovmf_open(ovmf, file->data, file->size, &error) == 0)
		return 0;
	report("firmware %s: %s (at offset 0x%" PRIx64 ")", path, error.text, error.offset);
	return ERR_FORMAT;
}

static void set_places(struct launch_block *block, uint64_t map_gpa, uint64_t map_size, uint64_t vp_count_gpa)
{
	if (map_size != 0) {
		block->map_kind = LAUNCH_MAP_IGVM;
		block->map_gpa = map_gpa;
		block->map_size = map_size;
	}
	block->vp_count_gpa = vp_count_gpa;
}

static int add_ovmf(struct layout *layout, const char *path, const struct blob *file)
{
	struct ovmf ovmf;

	if (layout->recipe->region_gpa < FIRMWARE_REGION_LEAST) {
		report("firmware %s: OVMF uses all memory below 0x%" PRIx64 ", but the recipe %s puts the monitor at 0x%" PRIx64,
		       path, (uint64_t)FIRMWARE_REGION_LEAST, layout->recipe->name, layout->recipe->region_gpa);
		return ERR_INVALID;
	}
	if (guest_open_ovmf(&ovmf, path, file) != 0)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < ovmf.section_count; i++) {
		if (add_section(layout, path, &ovmf.section[i]) != 0)
			return ERR_INVALID;
	}
	set_places(&layout->block, ovmf.memory_map.gpa, ovmf.memory_map.size, ovmf.vp_count.size != 0 ? ovmf.vp_count.gpa : 0);
	guest_reset_context(&layout->guest_vmsa, layout->recipe);
	return add_file(layout, ovmf.gpa, file);
}

static int add_pages(struct layout *layout, const struct firmware *firmware)
{
	for (size_t i = 0; i < firmware->page_count; i++) {
		const struct firmware_page *page = &firmware->page[i];

		if (page->kind == LAUNCH_RANGE_IMAGE)
			image_add(&layout->image, page->gpa, page->content, PAGE_SIZE, IGVM_PAGE_TYPE_NORMAL, "firmware");
		if (launch_range_add(&layout->block, page->gpa, PAGE_SIZE, page->kind, page->flags) != 0)
			return ERR_INVALID;
	}
	return 0;
}

static int add_igvm(struct layout *layout, const struct source *source)
{
	struct firmware firmware;
	struct igvm_error error;
	int result;

	if (source->is_own) {
		report("%s: is an image with a monitor of its own, not firmware", source->path);
		return ERR_INVALID;
	}
	result = firmware_read(&firmware, &source->file, &source->summary, layout->recipe->region_gpa, &error);
	if (result != 0)
		report_igvm_error(source->path, &error);
	else
		result = add_pages(layout, &firmware);
	set_places(&layout->block, firmware.map_gpa, firmware.map_size, firmware.vp_count_gpa);
	layout->guest_vmsa = firmware.context;
	firmware_free(&firmware);
	return result;
}

bool guest_is_igvm(const struct blob *file)
{
	static const uint32_t magic = IGVM_MAGIC;

	return file->size >= sizeof(magic) && memcmp(file->data, &magic, sizeof(magic)) == 0;
}

int guest_add_firmware(struct layout *layout, const char *path)
{
	struct source source;
	struct blob file;
	int result;

	if (blob_read(&file, "firmware", path) != 0)
		return ERR_INVALID;
	if (!guest_is_igvm(&file)) {
		result = add_ovmf(layout, path, &file);
	} else {
		result = source_open(&source, path);
		if (result == 0)
			result = add_igvm(layout, &source);
		source_close(&source);
	}
	blob_free(&file);
	return result;
}
