"""Packages: create, versions, status flow, tags, files, folders, history."""
import hashlib
import io
import uuid
import zipfile

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.software import Package, PackageStatus, PackageTag
from pywats.pywats import SyncServiceWrapper


def repository(service):
    return SyncServiceWrapper(service._async._repository)


def run(api, c):
    c.section("packages", packages, api, c)
    c.section("status", status, api, c)
    c.section("files", files, api, c)
    c.section("tags and history", tags, api, c)
    c.section("folders", folders, api, c)
    c.section("refusals", refusals, api, c)
    c.same("domain is there", api.software.is_connected(), True)


def packages(api, c):
    made = api.software.create_package("IOP app", description="first, æøå", install_on_root=True, root_directory="C:/iop", priority=3,
                                       tags=[PackageTag(key="line", value="4")])
    want = dict(name="IOP app", description="first, æøå", version=1, status=PackageStatus.DRAFT, install_on_root=True, root_directory="C:/iop", priority=3)
    c.fields("created package", made, **want)
    got = api.software.get_package(made.package_id)
    c.fields("package", got, package_id=made.package_id, **want)
    c.same("tags of the package", [(t.key, t.value) for t in got.tags], [("line", "4")])
    second = api.software.create_package("IOP app")
    c.fields("package of the same name", second, version=2)
    c.fields("package by name and version", api.software.get_package_by_name("IOP app", version=1), package_id=made.package_id)
    c.fields("package by name is the newest", api.software.get_package_by_name("IOP app"), package_id=second.package_id)
    got.description, got.priority = "changed", 5
    c.fields("updated package", api.software.update_package(got), description="changed", priority=5, version=1)
    c.fields("package after the update", api.software.get_package(made.package_id), description="changed", priority=5, root_directory="C:/iop")
    c.true("list has both", {made.package_id, second.package_id} <= {p.package_id for p in api.software.get_packages()})
    c.same("deleted package", api.software.delete_package(second.package_id), True)
    c.raises("deleted package is not found", NotFoundError, lambda: api.software.get_package(second.package_id))
    api.software.create_package("IOP by name")
    c.same("package deleted by name", api.software.delete_package_by_name("IOP by name", version=1), True)
    c.raises("package deleted by name is not found", NotFoundError, lambda: api.software.get_package_by_name("IOP by name"))


def status(api, c):
    p = api.software.create_package("IOP flow").package_id

    def now():
        return api.software.get_package(p).status

    c.raises("draft is not released", PyWATSError, lambda: api.software.release_package(p))
    c.same("draft to pending", (api.software.submit_for_review(p), now()), (True, PackageStatus.PENDING))
    c.raises("pending is not deleted", PyWATSError, lambda: api.software.delete_package(p))
    c.same("pending to draft", (api.software.return_to_draft(p), now()), (True, PackageStatus.DRAFT))
    api.software.submit_for_review(p)
    c.same("pending to released", (api.software.release_package(p), now()), (True, PackageStatus.RELEASED))
    c.fields("released package by name", api.software.get_released_package("IOP flow"), package_id=p)
    c.raises("released is not changed", PyWATSError, lambda: api.software.update_package(Package(package_id=p, name="IOP flow", description="late")))
    c.same("released to revoked", (api.software.revoke_package(p), now()), (True, PackageStatus.REVOKED))
    c.raises("revoked is not released again", PyWATSError, lambda: api.software.release_package(p))
    c.same("revoked is deleted", api.software.delete_package(p), True)


def archive(**content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in content.items():
            z.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def files(api, c):
    p = api.software.create_package("IOP files").package_id
    main = bytes(range(256)) * 40
    c.same("archive is taken", api.software.upload_zip(p, archive(**{"main.bin": main, "sub__read me.txt": b"text"})), True)
    found = {f.filename: f for f in api.software.get_package_files(p)}
    c.same("files of the package", sorted(found), ["main.bin", "read me.txt"])
    c.fields("file", found["main.bin"], size=len(main))
    c.true("file has a checksum", found["main.bin"].checksum)
    c.same("second archive adds to it", api.software.upload_zip(p, archive(**{"other.txt": b"other"})), True)
    c.same("files after the second", len(api.software.get_package_files(p)), 3)
    c.same("clean install replaces", api.software.upload_zip(p, archive(**{"only.txt": b"only"}), clean_install=True), True)
    only = api.software.get_package_files(p)
    c.same("files after the clean install", [f.filename for f in only], ["only.txt"])
    c.same("attribute is set", api.software.update_file_attribute(only[0].file_id, "ExecuteOnce"), True)
    c.same("attribute comes back", api.software.get_package_files(p)[0].attributes, "ExecuteOnce")
    c.true("internal file", api.software.get_file(only[0].file_id))
    c.true("internal details", api.software.get_software_entity_details(p))
    c.raises("archive that is none is refused", PyWATSError, lambda: api.software.upload_zip(p, b"no archive"))
    c.raises("name that leaves the folder is refused", PyWATSError, lambda: api.software.upload_zip(p, archive(**{"..__x.txt": b"x"})))
    c.same("refused archives change nothing", [f.filename for f in api.software.get_package_files(p)], ["only.txt"])


def tags(api, c):
    p = api.software.create_package("IOP tagged", tags=[PackageTag(key="site", value="iop-oslo")]).package_id
    c.same("draft by tag, released wanted", api.software.get_packages_by_tag("site", "iop-oslo", PackageStatus.RELEASED), [])
    c.same("draft by tag", [x.package_id for x in api.software.get_packages_by_tag("site", "iop-oslo", PackageStatus.DRAFT)], [p])
    api.software.submit_for_review(p)
    api.software.release_package(p)
    c.same("released by tag", [x.package_id for x in api.software.get_packages_by_tag("site", "iop-oslo", PackageStatus.RELEASED)], [p])
    c.true("log of a download", api.software.log_download(p, 1234) is not None)
    c.known("revoked ones are asked for", "the service calls its repository with one argument too many", lambda: api.software.get_revoked_packages([p]))
    r = repository(api.software)
    c.true("installed one is among the available", p in [x.package_id for x in r.get_available_packages([p])] or r.get_available_packages([p]) == [])
    c.same("released one is not revoked", r.get_revoked_packages([p]), [])
    api.software.revoke_package(p)
    c.same("revoked one is told", [str(x).lower() for x in r.get_revoked_packages([p])], [str(p)])
    history = api.software.get_package_history("site=iop-oslo", all_versions=True)
    c.same("history by tags", [x.package_id for x in history], [p])
    c.true("history of downloads", isinstance(api.software.get_package_download_history(1), list))


def folders(api, c):
    c.true("virtual folders are told", isinstance(api.software.get_virtual_folders(), list))
    p = api.software.create_package("IOP folders").package_id
    made = api.software.create_package_folder(p, {"name": "docs"})
    c.fields("created folder", made, name="docs")
    key = made["id"]
    c.fields("renamed folder", api.software.update_package_folder({"id": key, "packageId": str(p), "name": "papers"}), name="papers")
    data = b"to be checked"
    api.software.upload_zip(p, archive(**{"a.txt": data, "b.txt": b"b"}))
    stored = api.software.get_package_files(p)
    c.true("check of a file that is there", api.software.check_file(p, key, "a.txt", hashlib.sha1(data).hexdigest(), 0) is not None)
    c.true("files are deleted", api.software.delete_package_folder_files([f.file_id for f in stored if f.filename == "b.txt"]) is not None)
    c.same("files after that", [f.filename for f in api.software.get_package_files(p)], ["a.txt"])
    c.true("folder is deleted", api.software.delete_package_folder(key) is not None)
    c.raises("folder deleted twice is not found", NotFoundError, lambda: api.software.delete_package_folder(key))


def refusals(api, c):
    c.raises("unknown package is not found", NotFoundError, lambda: api.software.get_package(uuid.uuid4()))
    c.raises("package without a name is refused", PyWATSError, lambda: repository(api.software).create_package(Package(name="")))
