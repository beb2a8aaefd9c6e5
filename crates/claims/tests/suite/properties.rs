//! The properties: one test each, under every pattern that it applies to, and under set-ups that are
//! deliberately wrong, which have to be rejected.
//!
//! A test's name begins with the claims that speak of it; what follows is the property, as the tables
//! call it. A case is a pattern, or `PATTERN_set_up_as_ANOTHER`. What is asked is in `properties.csv`,
//! what is expected in `expected.csv` and `mutations.csv`; that these cases are those of the tables, a
//! test holds. What takes long comes first, so that the rest is done beside it.

use miette::Result;
use rstest::{Context, rstest};
use rstest_reuse::{apply, template};

use crate::look::{
    client, control, images, jobs, lifetime, limits, lists, node, parentage, paths, privilege,
};
use crate::suite::{Suite, suite};

#[template]
#[rstest]
#[case::dind()]
#[case::dood()]
#[needs(device("/dev/fuse"))]
#[case::podman_nested()]
#[case::podman_matched()]
#[case::docker_in_podman()]
#[needs(device("/dev/fuse"))]
#[case::podman_in_docker()]
fn every_pattern(#[context] case: Context) {}

#[template]
#[rstest]
#[case::dind()]
#[needs(device("/dev/fuse"))]
#[case::podman_nested()]
#[case::podman_matched()]
#[case::docker_in_podman()]
#[needs(device("/dev/fuse"))]
#[case::podman_in_docker()]
fn engines_of_their_own(#[context] case: Context) {}

#[apply(every_pattern)]
#[needs(patience(6))]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a22_next_job(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, jobs::next_job)
}

#[rstest]
#[case::dind()]
#[case::dood()]
#[case::docker_in_podman()]
#[needs(patience(4))]
#[case::dind_set_up_as_dood()]
#[lab_test::test]
fn integration_test_from_the_node(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, client::on_the_node)
}

#[apply(every_pattern)]
#[needs(patience(5))]
#[needs(device("/dev/fuse"))]
#[case::dind_set_up_as_podman_nested()]
#[lab_test::test]
fn integration_test(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, client::in_the_job)
}

#[rstest]
#[case::podman_matched()]
#[needs(patience(6))]
#[case::podman_matched_set_up_as_dind_without_privilege()]
#[lab_test::test]
fn integration_test_own_network(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, client::with_its_own_network)
}

#[apply(every_pattern)]
#[case::dood_set_up_as_dind()]
#[lab_test::test]
fn a1_a10_b6_daemons(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::daemons)
}

#[apply(every_pattern)]
#[needs(patience(12))]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn c2_outlives(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, lifetime::outlives)
}

#[rstest]
#[case::dood()]
#[case::dood_set_up_as_dood_where_docker_is()]
#[lab_test::test]
fn b9_socket_missing(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, node::socket_missing)
}

#[apply(every_pattern)]
#[needs(patience(3))]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn b11_processor_time(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::processor_time)
}

#[rstest]
#[case::dind()]
#[needs(patience(4))]
#[needs(device("/dev/fuse"))]
#[case::dind_set_up_as_podman_nested()]
#[lab_test::test]
fn c8_processor_time_shared_cgroupns(
    suite: &'static Suite,
    #[context] case: Context,
) -> Result<()> {
    suite.look(&case, limits::processor_time_shared)
}

#[apply(every_pattern)]
#[needs(patience(3))]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn pause(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, lifetime::pause)
}

#[apply(every_pattern)]
#[needs(device("/dev/fuse"))]
#[case::podman_nested_set_up_as_dind()]
#[lab_test::test]
fn a10_engine_processes(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::engine_processes)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dood()]
#[lab_test::test]
#[needs(controller("pids"))]
fn b11_pids_limit(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::pids)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dood()]
#[lab_test::test]
#[needs(controller("memory"))]
fn b11_memory_limit(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::memory)
}

#[rstest]
#[case::dind()]
#[needs(device("/dev/fuse"))]
#[case::dind_set_up_as_podman_nested()]
#[lab_test::test]
#[needs(controller("memory"))]
fn c8_memory_limit_shared_cgroupns(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::memory_shared)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dood()]
#[lab_test::test]
#[needs(controller("cpu"))]
fn b11_cpu_limit(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, limits::cpu)
}

#[rstest]
#[case::dind()]
#[case::docker_in_podman()]
#[case::dind_set_up_as_dind_without_privilege()]
#[lab_test::test]
fn a3_daemon_ready(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, privilege::daemon_ready)
}

#[apply(engines_of_their_own)]
#[needs(device("/dev/fuse"))]
#[case::podman_nested_set_up_as_dind_without_privilege()]
#[lab_test::test]
fn a2_a11_b4_with_capabilities(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, privilege::with_capabilities)
}

#[rstest]
#[needs(device("/dev/fuse"))]
#[case::podman_nested()]
#[needs(device("/dev/net/tun"))]
#[case::podman_matched()]
#[needs(device("/dev/fuse"))]
#[case::podman_in_docker()]
#[needs(device("/dev/fuse"))]
#[case::podman_nested_set_up_as_dood()]
#[lab_test::test]
fn a11_with_devices(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, privilege::with_devices)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_privileged_by_its_flags()]
#[lab_test::test]
fn a2_a7_a11_b4_b7_without_privilege(
    suite: &'static Suite,
    #[context] case: Context,
) -> Result<()> {
    suite.look(&case, privilege::without)
}

#[rstest]
#[case::dood()]
#[case::dood_set_up_as_dood_of_root()]
#[lab_test::test]
fn b7_group_of_the_socket(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, privilege::group_of_the_socket)
}

#[rstest]
#[case::dood()]
#[case::dood_set_up_as_dood_of_a_stranger()]
#[lab_test::test]
fn c4_read_only_socket(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, privilege::read_only_socket)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a22_b10_name_collision(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, jobs::name_collision)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a22_b10_volume_collision(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, jobs::volume_collision)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[case::dood_set_up_as_dind()]
#[lab_test::test]
fn b8_escape(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, node::escape)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a8_c3_control(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, control::control)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[case::podman_matched_set_up_as_podman_on_the_nodes_store()]
#[lab_test::test]
fn a1_a12_b5_engine(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, images::engine)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a1_a4_a12_b5_image_outward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::outward(scene, &lists::IMAGE))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[case::podman_matched_set_up_as_podman_on_the_nodes_store()]
#[lab_test::test]
fn a1_a4_a12_b5_image_inward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::inward(scene, &lists::IMAGE))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a4_image_removal(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, images::removal)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a13_b5_second_pull(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, images::second_pull)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[case::dood_set_up_as_dind()]
#[lab_test::test]
fn a1_a5_a12_a20_container_outward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::outward(scene, &lists::CONTAINER))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a1_a8_a12_container_inward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::inward(scene, &lists::CONTAINER))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn network_outward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::outward(scene, &lists::NETWORK))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn network_inward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::inward(scene, &lists::NETWORK))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a1_volume_outward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::outward(scene, &lists::VOLUME))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a1_volume_inward(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, |scene| lists::inward(scene, &lists::VOLUME))
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[case::dood_set_up_as_dind()]
#[lab_test::test]
fn a6_parent_by_processes(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, parentage::by_processes)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a6_b11_parent_by_control_group(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, parentage::by_control_group)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn a6_parent_by_namespaces(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, parentage::by_namespaces)
}

#[apply(every_pattern)]
#[needs(device("/dev/fuse"))]
#[case::podman_matched_set_up_as_podman_nested()]
#[lab_test::test]
fn own_namespaces(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, parentage::own_namespaces)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn c1_bind_mount(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, paths::bind_mount)
}

#[apply(every_pattern)]
#[case::dind_set_up_as_dind_on_the_nodes_socket()]
#[lab_test::test]
fn c1_missing_path(suite: &'static Suite, #[context] case: Context) -> Result<()> {
    suite.look(&case, paths::missing_path)
}
