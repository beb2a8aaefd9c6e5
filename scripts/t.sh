time docker pull -q docker:dind
time docker run -d --privileged --name mi-dind docker:dind >/dev/null 2>&1
time (until docker exec mi-dind docker info >/dev/null 2>&1; do sleep 0.02; done)
time docker exec mi-dind docker pull -q alpine
