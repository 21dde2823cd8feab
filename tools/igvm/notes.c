/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(struct notes *notes, const char *format, ...) __printf_like(2, 3);
static void add(struct notes *notes, const char *format, ...)
{
	va_list arguments;

	if (notes->count == NOTES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(notes->text[notes->count++], NOTE_TEXT_MAX, format, arguments);
	va_end(arguments);
}

struct counts {
	uint64_t zero_pages, large_pages, large_areas, contexts, contexts_early, contexts_elsewhere;
};

static void count_extent(struct counts *counts, const struct extent *extent)
{
	bool page = extent->type == IGVM_VHT_PAGE_DATA;
	bool shared = (extent->flags & IGVM_PAGE_FLAG_SHARED) != 0;

	if (extent->type == IGVM_VHT_VP_CONTEXT) {
		counts->contexts++;
		counts->contexts_elsewhere += extent->gpa != IGVM_KVM_VMSA_GPA;
		return;
	}
	if (counts->contexts != 0 && !shared)
		counts->contexts_early = counts->contexts;
	if (page && extent->zeros && extent->data_type == IGVM_PAGE_TYPE_NORMAL && !shared &&
	    (extent->flags & IGVM_PAGE_FLAG_UNMEASURED) == 0)
		counts->zero_pages += extent->size / PAGE_SIZE;
	counts->large_pages += page && extent->size > PAGE_SIZE;
	counts->large_areas += !page && extent->size > PAGE_SIZE;
}

static void note_policy(const struct source *source, uint32_t mask, struct notes *notes)
{
	uint64_t policy;

	if (!source_guest_policy(source, mask, &policy))
		add(notes, "no GUEST_POLICY: the host chooses the policy, and the IGVM library does not measure the file");
	else if ((policy & SNP_POLICY_MUST_BE_ONE) == 0)
		add(notes, "guest policy 0x%" PRIx64 ": bit 17 must be set, or no security processor starts it", policy);
	else if ((policy & SNP_POLICY_DEBUG) != 0)
		add(notes, "guest policy 0x%" PRIx64 " allows debugging: the host can read and write the guest's memory",
		    policy);
}

/* What KVM makes of the registers itself must stand in the file, or another VMSA is measured. */
static void note_vmsa(const struct source *source, const struct extent *extent, struct notes *notes)
{
	const struct igvm_header header = { .type = IGVM_VHT_VP_CONTEXT, .length = sizeof(struct igvm_vp_context),
					    .offset = extent->offset };
	struct igvm_vp_context context;
	struct igvm_error error;
	const uint8_t *content;
	struct vmsa vmsa;

	if (igvm_read_vp_context(&source->file, &header, &context, &error) != 0 ||
	    igvm_file_data(&source->file, &header, context.file_offset, PAGE_SIZE, &content, &error) != 0)
		return;
	memcpy(&vmsa, content, sizeof(vmsa));
	if ((vmsa.cr0 != 0x30 && vmsa.cr0 != 0x31) || (vmsa.cr4 & 0x40) == 0 || (vmsa.efer & EFER_SVME) == 0)
		add(notes,
		    "VMSA of processor %u: KVM wants CR0 0x30 or 0x31, CR4 with 0x40 and EFER with 0x1000, and measures them so; "
		    "the file has CR0 0x%" PRIx64 ", CR4 0x%" PRIx64 ", EFER 0x%" PRIx64,
		    context.vp_index, vmsa.cr0, vmsa.cr4, vmsa.efer);
	if ((vmsa.sev_features & SEV_FEATURE_SNP_ACTIVE) == 0)
		add(notes, "VMSA of processor %u: SEV features 0x%" PRIx64 " lack SNP", context.vp_index, vmsa.sev_features);
}

static void note_counts(const struct counts *counts, struct notes *notes)
{
	if (counts->zero_pages != 0)
		add(notes, "%" PRIu64 " pages without content: QEMU launches them as zero pages, the IGVM library as measured zeros",
		    counts->zero_pages);
	if (counts->large_areas != 0)
		add(notes, "%" PRIu64 " parameter areas are larger than a page: some tools measure only their first page",
		    counts->large_areas);
	if (counts->large_pages != 0)
		add(notes, "%" PRIu64 " pages of 2 MiB: measured here as 4 KiB pages; the IGVM library refuses them",
		    counts->large_pages);
	if (counts->contexts_early != 0)
		add(notes, "%" PRIu64 " VMSA stand before other pages: KVM measures VMSAs last", counts->contexts_early);
	if (counts->contexts_elsewhere != 0)
		add(notes, "%" PRIu64 " VMSA are not at 0x%llx: QEMU refuses that", counts->contexts_elsewhere,
		    IGVM_KVM_VMSA_GPA);
	if (counts->contexts > 1)
		add(notes, "%" PRIu64 " VMSAs: QEMU takes only the first processor's", counts->contexts);
	if (counts->contexts == 0)
		add(notes, "no VMSA: a host that measures its own gets another digest");
}

void notes_collect(const struct source *source, uint32_t mask, struct notes *notes)
{
	struct counts counts = { 0 };

	notes->count = 0;
	note_policy(source, mask, notes);
	for (size_t i = 0; i < source->summary.extent_count; i++) {
		const struct extent *extent = &source->summary.extent[i];

		if ((extent->mask & mask) == 0)
			continue;
		count_extent(&counts, extent);
		if (extent->type == IGVM_VHT_VP_CONTEXT && counts.contexts <= 2)
			note_vmsa(source, extent, notes);
	}
	note_counts(&counts, notes);
}
