/* SPDX-License-Identifier: MIT */
/* Loading an IGVM file and launching it, directive by directive in file order. */
#include "lib/format.h"
#include "lib/igvm.h"
#include "lib/string.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"
#include "nutshell/host/madt.h"
#include "nutshell/psp.h"

#define AREA_MAX 16u
#define AREA_PAGES_MAX 64u
#define POLICY_DEFAULT (SNP_POLICY_SMT | SNP_POLICY_MUST_BE_ONE)

struct area {
	bool used;
	uint8_t *data;
	uint64_t size;
};

static struct igvm_file file;
static struct area areas[AREA_MAX];
static uint32_t mask;
static uint64_t policy = POLICY_DEFAULT;
static bool have_vmsa, have_id_block;
static struct igvm_snp_id_block id_block;
static struct igvm_header id_header;

static void fail(const struct igvm_header *header, const char *what)
{
	machine_stop(STOP_LAUNCH, "the image cannot be launched: %s (%s at file offset 0x%llx)", what,
		     igvm_type_name(header->type), (unsigned long long)header->offset);
}

static void check(int error, const struct igvm_error *text)
{
	if (error != 0)
		machine_stop(STOP_LAUNCH, "the image cannot be launched: %s (%s at file offset 0x%llx)", text->text,
			     text->type == 0 ? "header" : igvm_type_name(text->type & ~IGVM_TYPE_OPTIONAL),
			     (unsigned long long)text->offset);
}

static bool applies(uint32_t compatibility_mask)
{
	return (compatibility_mask & mask) != 0;
}

static void choose_platform(const struct igvm_header *header)
{
	struct igvm_supported_platform platform;
	struct igvm_error error;

	check(igvm_read_platform(&file, header, &platform, &error), &error);
	if (platform.platform_type != IGVM_PLATFORM_SEV_SNP)
		return;
	if (platform.shared_gpa_boundary != 0)
		fail(header, "it wants a virtual top of memory, which Nutshell does not emulate");
	mask = platform.compatibility_mask;
}

static void take_policy(const struct igvm_header *header)
{
	struct igvm_guest_policy guest_policy;
	struct igvm_error error;

	check(igvm_read_policy(&file, header, &guest_policy, &error), &error);
	if (!applies(guest_policy.compatibility_mask))
		return;
	if ((guest_policy.policy & SNP_POLICY_MUST_BE_ONE) == 0)
		fail(header, "policy bit 17 must be set");
	policy = guest_policy.policy;
}

static void make_area(const struct igvm_header *header)
{
	struct igvm_parameter_area area;
	struct igvm_error error;
	const uint8_t *content;

	check(igvm_read_parameter_area(&file, header, &area, &error), &error);
	if (area.parameter_area_index >= AREA_MAX || area.number_of_bytes > AREA_PAGES_MAX * PAGE_SIZE ||
	    area.number_of_bytes == 0)
		fail(header, "parameter area index or size is beyond what Nutshell supports (16 areas of 256 KiB)");
	if (areas[area.parameter_area_index].used)
		fail(header, "this parameter area exists already");
	areas[area.parameter_area_index] =
		(struct area){ .used = true,
			       .data = machine_alloc_pages(align_up(area.number_of_bytes, PAGE_SIZE) / PAGE_SIZE),
			       .size = area.number_of_bytes };
	if (area.file_offset != 0) {
		check(igvm_file_data(&file, header, area.file_offset, area.number_of_bytes, &content, &error), &error);
		memcpy(areas[area.parameter_area_index].data, content, area.number_of_bytes);
	}
}

/* Where a parameter goes; stops when there is no room for size bytes. */
static uint8_t *parameter_place(const struct igvm_header *header, uint64_t size, uint64_t *room)
{
	struct igvm_parameter parameter;
	struct igvm_error error;
	struct area *area;

	check(igvm_read_parameter(&file, header, &parameter, &error), &error);
	area = parameter.parameter_area_index < AREA_MAX ? &areas[parameter.parameter_area_index] : NULL;
	if (area == NULL || !area->used)
		fail(header, "its parameter area does not exist");
	if (!range_within(parameter.byte_offset, size, 0, area->size))
		fail(header, "it does not fit its parameter area");
	*room = area->size - parameter.byte_offset;
	return area->data + parameter.byte_offset;
}

static void write_parameter(const struct igvm_header *header)
{
	uint32_t environment = IGVM_ENVIRONMENT_MEMORY_IS_SHARED;
	uint64_t room;
	uint8_t *place;

	switch (header->type) {
	case IGVM_VHT_VP_COUNT_PARAMETER:
		memcpy(parameter_place(header, sizeof(uint32_t), &room), &machine_vcpu_count, sizeof(uint32_t));
		break;
	case IGVM_VHT_ENVIRONMENT_INFO:
		memcpy(parameter_place(header, sizeof(uint32_t), &room), &environment, sizeof(uint32_t));
		break;
	case IGVM_VHT_MEMORY_MAP:
		place = parameter_place(header, 1, &room);
		if (memory_map_build((struct igvm_memory_map_entry *)(void *)place, room, machine_low_ram_end(),
				     machine_high_ram_end()) == 0)
			fail(header, "the memory map does not fit its parameter area");
		break;
	case IGVM_VHT_MADT:
		place = parameter_place(header, 1, &room);
		if (madt_build(place, room, machine_vcpu_count) == 0)
			fail(header, "the MADT does not fit its parameter area");
		break;
	default:
		if (!header->optional)
			fail(header, "Nutshell cannot supply this parameter, and the file does not mark it optional");
		break;
	}
}

static void launch_page(const struct igvm_header *header, uint64_t gpa, uint32_t type, uint64_t measured_gpa)
{
	const char *error = psp_launch_page(gpa, type, measured_gpa);
	static char text[160];

	if (error == NULL)
		return;
	if (!machine_is_ram(gpa, PAGE_SIZE) && gpa < 0x100000000ull)
		(void)format_text(text, sizeof(text), "page 0x%llx is not RAM: the guest needs at least %llu MiB",
				  (unsigned long long)gpa, (unsigned long long)(gpa >> 20) + 1u);
	else
		(void)format_text(text, sizeof(text), "page 0x%llx: %s", (unsigned long long)gpa, error);
	fail(header, text);
}

static void insert_area(const struct igvm_header *header)
{
	struct igvm_parameter_insert insert;
	struct igvm_error error;
	struct area *area;

	check(igvm_read_parameter_insert(&file, header, &insert, &error), &error);
	area = insert.parameter_area_index < AREA_MAX ? &areas[insert.parameter_area_index] : NULL;
	if (!applies(insert.compatibility_mask))
		return;
	if (area == NULL || !area->used)
		fail(header, "its parameter area does not exist");
	for (uint64_t offset = 0; offset < area->size; offset += PAGE_SIZE) {
		uint8_t *page = machine_ram_page(insert.gpa + offset);

		if (page != NULL && rmp_lookup(insert.gpa + offset)->assigned == 0)
			memcpy(page, area->data + offset, PAGE_SIZE);
		launch_page(header, insert.gpa + offset, SNP_PAGE_TYPE_UNMEASURED, insert.gpa + offset);
	}
	area->used = false;
}

static uint32_t page_type(const struct igvm_page_data *page)
{
	if (page->data_type == IGVM_PAGE_TYPE_SECRETS)
		return SNP_PAGE_TYPE_SECRETS;
	if (page->data_type == IGVM_PAGE_TYPE_CPUID_DATA || page->data_type == IGVM_PAGE_TYPE_CPUID_XF)
		return SNP_PAGE_TYPE_CPUID;
	if ((page->flags & IGVM_PAGE_FLAG_UNMEASURED) != 0)
		return SNP_PAGE_TYPE_UNMEASURED;
	/* As QEMU: a page without data is a native zero page. */
	return page->file_offset == 0 ? SNP_PAGE_TYPE_ZERO : SNP_PAGE_TYPE_NORMAL;
}

static void import_page(const struct igvm_header *header)
{
	struct igvm_page_data page;
	struct igvm_error error;
	const uint8_t *content = NULL;
	uint64_t size;

	check(igvm_read_page_data(&file, header, &page, &error), &error);
	if (!applies(page.compatibility_mask))
		return;
	size = igvm_page_data_size(&page);
	if (page.file_offset != 0)
		check(igvm_file_data(&file, header, page.file_offset, size, &content, &error), &error);
	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
		uint8_t *ram;

		machine_back_page(page.gpa + offset);
		ram = machine_ram_page(page.gpa + offset);

		if (ram != NULL && rmp_lookup(page.gpa + offset)->assigned == 0) {
			memset(ram, 0, PAGE_SIZE);
			if (content != NULL)
				memcpy(ram, content + offset, PAGE_SIZE);
		}
		if ((page.flags & IGVM_PAGE_FLAG_SHARED) == 0)
			launch_page(header, page.gpa + offset, page_type(&page), page.gpa + offset);
	}
}

static void import_context(const struct igvm_header *header)
{
	struct igvm_vp_context context;
	struct igvm_error error;
	const uint8_t *content;
	uint8_t *page;

	check(igvm_read_vp_context(&file, header, &context, &error), &error);
	if (!applies(context.compatibility_mask))
		return;
	if (context.vp_index != 0 || have_vmsa)
		fail(header, "only the first vCPU may have a context");
	check(igvm_file_data(&file, header, context.file_offset, PAGE_SIZE, &content, &error), &error);
	page = machine_ram_page(context.gpa);
	if (page == NULL)
		fail(header, "its save area is not RAM");
	memcpy(page, content, PAGE_SIZE);
	launch_page(header, context.gpa, SNP_PAGE_TYPE_VMSA, context.gpa);
	machine_vcpu[0].level[0].vmsa_gpa = context.gpa;
	have_vmsa = true;
}

static void check_required_memory(const struct igvm_header *header)
{
	struct igvm_required_memory memory;
	struct igvm_error error;

	check(igvm_read_required_memory(&file, header, &memory, &error), &error);
	if (!applies(memory.compatibility_mask))
		return;
	for (uint64_t offset = 0; offset < memory.number_of_bytes; offset += PAGE_SIZE)
		machine_back_page(memory.gpa + offset);
	if (!machine_is_ram(memory.gpa, memory.number_of_bytes))
		fail(header, "the memory that it requires is not there: give the guest more");
}

/* Kept for the end of the launch. */
static void take_id_block(const struct igvm_header *header)
{
	struct igvm_snp_id_block block;
	struct igvm_error error;

	check(igvm_read_id_block(&file, header, &block, &error), &error);
	if (!applies(block.compatibility_mask))
		return;
	if (have_id_block)
		fail(header, "there is more than one ID block");
	id_block = block;
	id_header = *header;
	have_id_block = true;
}

static void copy_signature(struct snp_signature *to, const struct igvm_snp_signature *from)
{
	memcpy(to->r, from->r, sizeof(to->r));
	memcpy(to->s, from->s, sizeof(to->s));
}

static void copy_key(struct snp_public_key *to, const struct igvm_snp_public_key *from)
{
	to->curve = from->curve;
	memcpy(to->qx, from->qx, sizeof(to->qx));
	memcpy(to->qy, from->qy, sizeof(to->qy));
}

/* The directive holds what the security processor wants, in another order, but for the policy. */
static void finish_with_id_block(void)
{
	static struct snp_id_auth auth;
	struct snp_id_block block = { .version = id_block.version, .guest_svn = id_block.guest_svn, .policy = policy };
	const char *error;

	memcpy(block.ld, id_block.ld, sizeof(block.ld));
	memcpy(block.family_id, id_block.family_id, sizeof(block.family_id));
	memcpy(block.image_id, id_block.image_id, sizeof(block.image_id));
	auth.id_key_algorithm = id_block.id_key_algorithm;
	copy_signature(&auth.id_block_signature, &id_block.id_key_signature);
	copy_key(&auth.id_key, &id_block.id_public_key);
	if (id_block.author_key_enabled != 0) {
		auth.author_key_algorithm = id_block.author_key_algorithm;
		copy_signature(&auth.id_key_signature, &id_block.author_key_signature);
		copy_key(&auth.author_key, &id_block.author_public_key);
	}
	error = psp_launch_finish(&block, &auth);
	if (error != NULL)
		fail(&id_header, error);
}

static void run_directive(const struct igvm_header *header)
{
	switch (header->type) {
	case IGVM_VHT_SUPPORTED_PLATFORM:
	case IGVM_VHT_GUEST_POLICY:
		break;
	case IGVM_VHT_PARAMETER_AREA:
		make_area(header);
		break;
	case IGVM_VHT_PARAMETER_INSERT:
		insert_area(header);
		break;
	case IGVM_VHT_PAGE_DATA:
		import_page(header);
		break;
	case IGVM_VHT_VP_CONTEXT:
		import_context(header);
		break;
	case IGVM_VHT_REQUIRED_MEMORY:
		check_required_memory(header);
		break;
	case IGVM_VHT_SNP_ID_BLOCK:
		take_id_block(header);
		break;
	default:
		if (igvm_type_is_parameter(header->type))
			write_parameter(header);
		else if (!header->optional)
			fail(header, "Nutshell does not know this directive, and the file does not mark it optional");
		break;
	}
}

static void walk(void (*visit)(const struct igvm_header *))
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_error error;
	int result;

	while ((result = igvm_next(&file, &cursor, &header, &error)) == 0)
		visit(&header);
	if (result != ERR_NOT_FOUND)
		check(result, &error);
}

static void visit_platform(const struct igvm_header *header)
{
	if (header->type == IGVM_VHT_SUPPORTED_PLATFORM)
		choose_platform(header);
}

static void visit_policy(const struct igvm_header *header)
{
	if (header->type == IGVM_VHT_GUEST_POLICY)
		take_policy(header);
}

static void print_digest(void)
{
	char text[SNP_DIGEST_SIZE * 2 + 1];

	for (uint32_t i = 0; i < SNP_DIGEST_SIZE; i++)
		(void)format_text(text + i * 2ull, 3, "%02x", psp_launch_digest()[i]);
	machine_log("launch digest %s", text);
	stats_set_digest(psp_launch_digest(), psp_launch_pages());
}

void launch_image(const void *igvm, uint64_t size)
{
	struct igvm_error error;

	check(igvm_open(&file, igvm, size, &error), &error);
	walk(visit_platform);
	if (mask == 0)
		machine_stop(STOP_LAUNCH, "the image is not for SEV-SNP");
	walk(visit_policy);
	psp_launch_start(policy);
	walk(run_directive);
	if (!have_vmsa)
		machine_stop(STOP_LAUNCH, "the image has no context for the first vCPU (VP_CONTEXT)");
	if (have_id_block)
		finish_with_id_block();
	print_digest();
	attack_at_launch();
	if (vcpu_start(&machine_vcpu[0], 0) != 0)
		machine_stop(STOP_LAUNCH, "the first vCPU's context cannot run at VMPL0");
}
