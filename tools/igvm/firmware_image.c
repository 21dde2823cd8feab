/* SPDX-License-Identifier: MIT */
/*
 * OVMF alone as an IGVM file: what QEMU would launch of it at VMPL0, without a monitor. Pages that its tables want as zeros
 * are measured pages; its calling area is one of them, because without a monitor it is memory like any other.
 */
#include "abi/igvm.h"
#include "guest.h"
#include "lib/ovmf.h"

#define CR0_START 0x30ull /* real mode; what KVM makes of a processor's state after reset */

static bool is_in(const struct ovmf_area *area, uint64_t page)
{
	return area->size != 0 && align_down(area->gpa, PAGE_SIZE) == page;
}

/* Parameters stay in one page (OVMF has a page for them); the host writes into it. */
static bool add_parameters(struct layout *layout, const struct ovmf *ovmf, uint64_t page)
{
	const struct recipe *recipe = layout->recipe;
	bool map = is_in(&ovmf->memory_map, page), count = is_in(&ovmf->vp_count, page) && recipe->vp_count != DIRECTIVE_ABSENT;
	uint32_t area;

	if (!map && !count)
		return false;
	area = image_add_area(&layout->image, page);
	if (map)
		image_add_parameter(&layout->image, area, IGVM_VHT_MEMORY_MAP, (uint32_t)(ovmf->memory_map.gpa - page));
	if (count)
		image_add_parameter(&layout->image, area, IGVM_VHT_VP_COUNT_PARAMETER, (uint32_t)(ovmf->vp_count.gpa - page));
	return true;
}

static void add_section(struct layout *layout, const struct ovmf *ovmf, const struct ovmf_section *section)
{
	for (uint64_t at = section->gpa; at < section->gpa + section->size; at += PAGE_SIZE) {
		if (section->type == OVMF_SEV_SECRETS)
			image_add_page(&layout->image, at, IGVM_PAGE_TYPE_SECRETS, "secrets page");
		else if (section->type == OVMF_SEV_CPUID)
			image_add_cpuid(&layout->image, at);
		else if (!add_parameters(layout, ovmf, at))
			image_add_page(&layout->image, at, IGVM_PAGE_TYPE_NORMAL, "firmware's memory");
	}
}

/* As KVM starts a processor: what it does not copy, it does not take (see the recipe of qemu). */
static void set_context(struct vmsa *vmsa, const struct recipe *recipe)
{
	guest_reset_context(vmsa, recipe);
	vmsa->cr0 = CR0_START;
	vmsa->cr4 = recipe->cr4;
	vmsa->efer = recipe->efer;
	vmsa->dr6 = recipe->dr6;
	vmsa->dr7 = recipe->dr7;
	vmsa->sev_features = recipe->sev_features;
	vmsa->xcr0 = recipe->xcr0;
	vmsa->mxcsr = (uint32_t)recipe->mxcsr;
	vmsa->x87_fcw = (uint16_t)recipe->x87_fcw;
	vmsa->x87_ftw = (uint16_t)recipe->x87_ftw;
}

static int add_ovmf(struct layout *layout, const char *path, const struct blob *file)
{
	struct ovmf ovmf;

	if (guest_is_igvm(file)) {
		report("firmware %s: is an IGVM file already", path);
		return ERR_INVALID;
	}
	if (guest_open_ovmf(&ovmf, path, file) != 0)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < ovmf.section_count; i++)
		add_section(layout, &ovmf, &ovmf.section[i]);
	image_add(&layout->image, ovmf.gpa, file->data, file->size, IGVM_PAGE_TYPE_NORMAL, "firmware");
	set_context(&layout->image.vmsa, layout->recipe);
	return 0;
}

int firmware_image_add(struct layout *layout, const char *path)
{
	const struct recipe *recipe = layout->recipe;
	struct blob file;
	int result;

	if (range_within(recipe->vmsa_gpa, PAGE_SIZE, recipe->region_gpa, recipe->region_gpa + MONITOR_SIZE)) {
		report("firmware %s: the recipe %s keeps the save area in the monitor's region, and firmware alone has none", path,
		       recipe->name);
		return ERR_INVALID;
	}
	if (blob_read(&file, "firmware", path) != 0)
		return ERR_INVALID;
	result = add_ovmf(layout, path, &file);
	blob_free(&file);
	return result;
}
